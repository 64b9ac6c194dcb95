import {
  type ApiKeyStatus,
  MasumiError,
  type OwnRow,
  UNNAMED_BURNS,
  adminKeyProblem,
  marker,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { formatAda, parseAda } from "../../providers/common/amounts.ts";
import { neededFor } from "./costs.ts";
import { type FleetPlan, removalsOf } from "./plan/plan.ts";

/** Returns why an API key cannot be used on the stack's network; undefined if it can. */
export function rightsProblem(
  key: ApiKeyStatus,
  { network }: StackConfig,
  { spends }: { readonly spends: boolean },
): MasumiError | undefined {
  const refused = adminKeyProblem("The API key", key, network);
  if (refused) return refused;
  if (!key.NetworkLimit.includes(network)) {
    return new MasumiError({
      code: "KEY_OF_OTHER_NETWORK",
      what: `The API key is valid for ${key.NetworkLimit.join(", ") || "no network"}, not for ${network}.`,
      remedy: `Use a key for ${network}, or set masumi:network to the key's network.`,
    });
  }
  if (!spends || key.canPay) return undefined;
  return new MasumiError({
    code: "KEY_CANNOT_PAY",
    what: `The API key has the permission ${key.permission}; registering needs ReadAndPay.`,
    remedy:
      "Ask the service's administrator for a ReadAndPay key limited to the selling wallets. A Read key is enough for preview.",
  });
}

/** Returns the EVM chains that a key may advertise, as CAIP-2 names them; undefined if all, or if the service does not say. */
export const chainsOf = ({ canAdmin, ChainIdLimit }: ApiKeyStatus): readonly string[] | undefined =>
  canAdmin ? undefined : ChainIdLimit;

/** Returns the error for an agent that is to be paid on chains that the API key may not advertise; undefined if there are none. */
export function chainProblem(
  { file, sources = [] }: Agent,
  allowed: readonly string[] | undefined,
): MasumiError | undefined {
  const refused = [...new Set(sources.map(({ network }) => network))].filter(
    (network) => allowed?.includes(network) === false,
  );
  if (refused.length === 0) return undefined;
  return new MasumiError({
    code: "X402_CHAIN_NOT_ALLOWED",
    what: `${file}: the API key may not advertise payments on ${refused.join(", ")}.`,
    remedy:
      "Have the service's administrator allow the key this chain, or remove the source from the agent's file.",
  });
}

/** A live registration that a run would burn. */
export interface Burn {
  readonly rowId: string;
  /** What it is called: the agent's id; for an orphan its registered name, because its marker does not tell the id. */
  readonly agent: string;
  readonly because: "no file declares it" | "it is replaced" | "it was replaced in an earlier run";
}

/** Returns whether masumi:allowDeregister names a registration that no file declares, by its agent's id or its own. */
export function isAllowed(
  { id, marker: mark }: Pick<OwnRow, "id" | "marker">,
  { allowDeregister = [], owner }: Pick<StackConfig, "allowDeregister" | "owner">,
): boolean {
  return allowDeregister.some((named) => named === id || marker(owner, named) === mark);
}

/** Returns the live registrations that a run would burn without masumi:allowDeregister naming them (by agent or row id). */
export function unnamedBurns(config: StackConfig, plan: FleetPlan): Burn[] {
  const named = new Set(config.allowDeregister);
  const removed = plan.orphans
    .filter(({ action, row }) => action === "deregister" && !isAllowed(row, config))
    .map(({ row }): Burn => ({ rowId: row.id, agent: row.listing.name, because: "no file declares it" }));
  const replaced = plan.agents.flatMap(({ agent, action, row }): Burn[] =>
    action === "replace" && row ? [{ rowId: row.id, agent: agent.id, because: "it is replaced" }] : [],
  );
  const left = removalsOf(plan.agents).map(({ row, agentId }): Burn => ({
    rowId: row.id,
    agent: agentId,
    because: "it was replaced in an earlier run",
  }));
  const ofDeclared = [...replaced, ...left].filter(({ agent }) => !named.has(agent));
  return [...removed, ...ofDeclared].filter(({ rowId }) => !named.has(rowId));
}

/**
 * Returns the error for a run that would burn more registrations than it may without permission; undefined within the limit.
 * Money rule: nothing is burned by accident. The provider's delete counts independently.
 */
export function limitProblem(config: StackConfig, plan: FleetPlan): MasumiError | undefined {
  const burns = unnamedBurns(config, plan);
  const limit = UNNAMED_BURNS[config.network];
  if (burns.length <= limit) return undefined;
  const lines = burns.map(({ rowId, agent, because }) => `  - ${agent} (registration ${rowId}): ${because}`);
  const nobody = plan.agents.length === 0 ? "No agent is declared for this stack, and it" : "This run";
  return new MasumiError({
    code: "DEREGISTRATION_LIMIT",
    what:
      `${nobody} would burn ${burns.length} registrations of owner ${config.owner}; ` +
      `without permission, a run on ${config.network} may burn ${limit}:\n${lines.join("\n")}\n`,
    remedy:
      "If this is intended, name each of them in masumi:allowDeregister (agent ids or registration ids), or run destroy " +
      "to remove the whole stack. Otherwise restore the files.",
  });
}

/**
 * Returns what a plan takes from the wallets at most by our estimate, in lovelace: all fees, and what new tokens lock. What burns
 * release is not set against it. The provider counts each request independently.
 */
export function spendingOf(plan: FleetPlan): bigint {
  const needed = plan.agents.map(({ action, wallet }) => neededFor(action, wallet.type));
  const burns = [...removalsOf(plan.agents), ...plan.orphans].map(({ cost }) => cost.fee);
  return [...needed, ...burns].reduce((sum, one) => sum + one, 0n);
}

/** Returns the error for a run that would take more ADA than masumi:maxAda; undefined within the limit, or without one. */
export function spendingProblem(
  { maxAda = "", stack }: StackConfig,
  plan: FleetPlan,
): MasumiError | undefined {
  const limit = parseAda(maxAda);
  const spending = spendingOf(plan);
  if (limit === undefined || spending <= limit) return undefined;
  return new MasumiError({
    code: "SPENDING_LIMIT",
    what:
      `This run would take up to ${formatAda(spending)} ADA from the selling wallets (fees, and what new tokens lock); ` +
      `masumi:maxAda is ${formatAda(limit)}.`,
    remedy:
      "If the plan is what you want, raise the limit: npx masumi-agents config set " +
      `-s ${stack} masumi:maxAda ${formatAda(spending)}. Otherwise correct the declarations.`,
  });
}
