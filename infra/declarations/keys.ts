import { type Agent, runsInRuntime } from "./agent.ts";
import { type StackKeys, hasKey } from "../hosting/agent-keys.ts";
import { placeTraits } from "../hosting/traits.ts";
import type { Complain } from "./load/located.ts";
import type { SecretName } from "./secret-names.ts";

/** What decides which keys an agent gets. */
export interface KeyHolder extends Pick<Agent, "id" | "source" | "hosting" | "shared"> {
  readonly isPaid: boolean;
  /** The stack's name, for remedies. */
  readonly stack: string;
  /** `secrets` in its file. */
  readonly secrets: readonly SecretName[] | undefined;
}

/**
 * Complains about an agent that lacks a key: if it takes no payments, or loses the jobs that were paid for, it would be registered
 * for a fee all the same. And about keys that an author asks for in vain.
 */
export function checkSecrets(agent: KeyHolder, keys: StackKeys | undefined, complain: Complain): void {
  if (agent.source.kind === "url") return;
  if (runsInRuntime(agent)) checkCrew(agent, keys, complain);
  else checkOwnImage(agent, keys, complain);
}

const setDatabase = (stack: string): string =>
  `set the URL of a PostgreSQL database with npx masumi-agents config set -s ${stack} --secret masumi:databaseUrl`;

const setRuntimeKey = (stack: string): string =>
  "ask the payment service's administrator for a ReadAndPay key without usage credits, limited to the selling wallets " +
  `(docs/operations.md, Keys), and set it with npx masumi-agents config set -s ${stack} --secret masumi:runtimeKey`;

function checkCrew(
  { id, hosting, shared, isPaid, secrets, stack }: KeyHolder,
  keys: StackKeys | undefined,
  complain: Complain,
): void {
  if (secrets) {
    complain(
      ["secrets"],
      '"secrets" has no effect on a crew, which gets what it needs by itself',
      "remove it",
      "key",
    );
  }
  if (!keys || !isPaid) return;
  if (placeTraits(hosting, { shared }).losesPaidJobs && !hasKey(keys, "databaseUrl", id)) {
    complain(
      ["pricing"],
      `the agent is paid, and with hosting ${hosting} its paid jobs would be lost whenever the container that runs them stops`,
      setDatabase(stack),
    );
  }
  if (!hasKey(keys, "runtimeKey", id)) {
    complain(
      ["pricing"],
      "the agent is paid, but its crew has no key to take payments with",
      setRuntimeKey(stack),
    );
  }
}

function checkOwnImage(
  { id, isPaid, secrets, stack }: KeyHolder,
  keys: StackKeys | undefined,
  complain: Complain,
): void {
  if (isPaid && !secrets) {
    complain(
      ["pricing"],
      "the agent is paid, but its image gets none of the stack's keys unless its file names them",
      "write secrets: [PAYMENT_KEY] and what else it needs of MODEL_KEY and DATABASE_URL, or secrets: [] if it needs none",
    );
  }
  for (const [index, name] of (secrets ?? []).entries()) {
    const problem = vainSecret(name, { id, isPaid, keys, stack });
    if (problem) complain(["secrets", index], ...problem);
  }
}

/** Returns why an image cannot get a key, and what to do. */
function vainSecret(
  name: SecretName,
  {
    id,
    isPaid,
    keys,
    stack,
  }: Pick<KeyHolder, "id" | "isPaid" | "stack"> & { readonly keys: StackKeys | undefined },
): [what: string, remedy: string] | undefined {
  if (name === "PAYMENT_KEY" && !isPaid) return ["a free agent gets no PAYMENT_KEY", "remove it"];
  if (!keys) return undefined;
  if (name === "PAYMENT_KEY" && !hasKey(keys, "runtimeKey", id)) {
    return ["the stack has no key to take payments with", setRuntimeKey(stack)];
  }
  if (name === "DATABASE_URL" && !hasKey(keys, "databaseUrl", id)) {
    return ["the stack has no database", setDatabase(stack)];
  }
  return undefined;
}
