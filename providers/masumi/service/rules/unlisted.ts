import type { TokenTags } from "../client/client.ts";
import { RegistrationError } from "../errors.ts";
import type { Row } from "../model.ts";
import { withoutVersion } from "./identifier.ts";
import { RowIndex } from "./row-index.ts";

/*
 * When the payment service's list cannot be believed. It may lack rows, or show states that its own state machine excludes; a
 * registration that is taken for gone is minted again. So the chain and what was known before have to agree with the list.
 */

/** Names the agents, or registrations, that a person wants forgotten: comma-separated ids, or `all`. */
export const FORGET = "MASUMI_FORGET_REGISTRATION";

/** Returns whether a person wants what is missing of these to be forgotten. */
export function isForgotten(named: string | undefined, ...ids: readonly string[]): boolean {
  const names = (named ?? "").split(",").map((name) => name.trim());
  return names.includes("all") || ids.some((id) => names.includes(id));
}

/** The token of one agent: what its marker and, if it is known, its identifier are. */
export interface Sought {
  readonly type: Row["type"];
  /** "" if the registration does not have it. */
  readonly marker: string;
  /** "" if it is unknown. */
  readonly agentIdentifier: string;
}

/**
 * Returns the identifiers of the agent's tokens in a wallet that no row accounts for. Pure.
 */
export function unlistedTokens(tokens: TokenTags, sought: Sought, rows: readonly Row[]): string[] {
  const accounted = RowIndex.of(rows).tokens;
  const own = sought.agentIdentifier && withoutVersion(sought.agentIdentifier, sought);
  return [...tokens]
    .filter(([identifier, tags]) => {
      const isIts = sought.marker !== "" && tags.includes(sought.marker);
      return isIts || (own !== "" && withoutVersion(identifier, sought) === own);
    })
    .map(([identifier]) => identifier)
    .filter((identifier) => !accounted.has(withoutVersion(identifier, sought)));
}

/**
 * Returns the tokens that may be anybody's: those that the service cannot read, and that nobody has named as known
 * (masumi:otherRegistrations). Pure.
 */
export function doubtfulTokens(
  unreadable: readonly string[],
  named: readonly string[],
  wallet: Pick<Row, "type">,
): string[] {
  const known = new Set(named.map((name) => withoutVersion(name.toLowerCase(), wallet)));
  return unreadable.filter((unit) => !known.has(withoutVersion(unit, wallet)));
}

/** Returns whether no registration can go from one state to the other: what was minted is never again unminted. Pure. */
export const isBackwards = (from: string, to: string): boolean =>
  /^(Update|Deregistration|RegistrationConfirmed$)/.test(from) &&
  /^Registration(Requested|Initiated|Failed)$/.test(to);

/** The error for a list that contradicts what is known about an agent's registration. */
export const inconsistent = (what: string, id: string): RegistrationError =>
  new RegistrationError({
    code: "REGISTRY_INCONSISTENT",
    what: `${what} Registering the agent again could pay for it twice, so this run leaves it as it is.`,
    remedy:
      "Have the payment service's administrator find out why, and run again when it shows everything. Only if you have made " +
      `sure that nothing of it is on the chain: with ${FORGET}=${id} in its environment a run forgets it.`,
  });

/** A registration as it is known from before. */
interface Known {
  readonly id: string;
  /** The agent's id, for people. */
  readonly agentId: string;
  readonly state: string;
}

/** The error for a state that no registration can have after the one that is known. */
export const backwards = ({ id, agentId, state }: Known, now: string): RegistrationError =>
  inconsistent(
    `Registration ${id} was ${state}, and the payment service now shows it as ${now}, which cannot be.`,
    agentId,
  );

/** The error for a registration that is gone for the service, but not for the chain. */
export const stillOnChain = (
  { id, agentId }: Omit<Known, "state">,
  now: string | undefined,
): RegistrationError => {
  const shown = now ? `shows registration ${id} as ${now}` : `does not list registration ${id}`;
  return inconsistent(`The payment service ${shown}, but its token is on the chain.`, agentId);
};

/** The error for a registration that the state has and the service does not list, before anybody has looked for it on the chain. */
export const notListedAnyMore = ({ id, agentId }: Omit<Known, "state">): RegistrationError =>
  new RegistrationError({
    code: "REGISTRATION_GONE",
    what: `The state has registration ${id} of ${agentId}, which the payment service does not list any more.`,
    remedy:
      "Run refresh: it looks for it on the chain before the state forgets it. What plan shows then is what the next up pays for.",
  });

/** The error for a list that is shorter than the service's own count. */
export const shortList = (missing: number, id: string): RegistrationError =>
  inconsistent(
    `The payment service counts ${missing} more registration(s) than it lists, and none of ${id} is listed.`,
    id,
  );

/** The error for a token of the agent that no row accounts for. */
export const unlisted = (identifiers: readonly string[], id: string): RegistrationError =>
  inconsistent(
    `The selling wallet holds ${id}'s token ${identifiers.join(", ")}, but the payment service lists no live registration of it.`,
    id,
  );

/** The error for a wallet of which nobody tells whether it holds a token of the agent. */
export const untold = (vkey: string, id: string): RegistrationError =>
  inconsistent(
    `None of ${id} is listed, and whether selling wallet ${vkey} holds a token of it cannot be told: the payment service tells ` +
      "neither the wallet's tokens nor, if it has an address (masumi:wallets), the balance there.",
    id,
  );

/** The error for tokens of which the payment service cannot read whose they are. */
export const doubtful = (identifiers: readonly string[], vkey: string, id: string): RegistrationError =>
  new RegistrationError({
    code: "REGISTRY_INCONSISTENT",
    what:
      `None of ${id} is listed, and the selling wallet ${vkey} holds ${identifiers.length === 1 ? "a token" : "tokens"} that the payment ` +
      `service cannot read, of which it lists no registration: ${identifiers.join(", ")}. It may be ${id}'s, and registering the agent ` +
      "again could pay for it twice, so this run leaves it as it is.",
    remedy:
      "Look them up in a chain explorer. Those that are none of this stack's agents you name in masumi:otherRegistrations, by these " +
      `identifiers: they stop no registration from then on. If one is ${id}'s, have the payment service's administrator find out why it is not listed.`,
  });
