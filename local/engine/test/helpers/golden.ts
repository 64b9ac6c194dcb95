import { Crypter } from "../../state/crypto.ts";
import { StateCodec } from "../../state/codec.ts";
import { verifyResources } from "../../state/verify.ts";
import type { Outcome, Suite } from "./suite.ts";

// Two runs of one step can be compared only after all that is left to chance was taken out of them.

/** Two resources of one step have the same URN; which of them comes first is chance, the other is refused. */
const anyDuplicate = (text: string): string => text.replaceAll(/\bd2\b/gu, "d");

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu;
const withoutUuids = (text: string): string => text.replaceAll(UUID, "<uuid>");

/** In these steps one resource fails while an independent one is compared: which of the two is first is chance in the CLI too. */
const RACING = new Set([
  "create error",
  "init error",
  "check failure preview",
  "check failure up",
  "duplicate urn",
  "a wrong provider configuration",
  "a provider that cannot be configured",
  "a failed check",
  "a creation in part",
  "a failed creation",
  "an invoke with a wrong argument",
  "an invoke that fails",
  "renamed and a failure",
  "two that claim one",
]);

/** Here the failure of an update races with the program's registration of the stack's outputs, in the CLI too: both are right. */
export const RACING_OUTPUTS: ReadonlySet<string> = new Set(["update error", "renamed and a failure"]);

/** What is compared of a step. */
export interface Comparable {
  readonly ok: boolean;
  /** The calls in the order in which they must come: one list for those that depend on each other, one for each other subject. */
  readonly calls: Readonly<Record<string, readonly string[]>>;
  readonly state: unknown;
}

export function comparable(suite: Suite, name: string, { exitCode, calls, state }: Outcome): Comparable {
  const relevant = RACING.has(name) ? calls.filter(suite.hasEffect) : calls;
  const lists: Record<string, string[]> = {};
  for (const call of relevant.map((line) => withoutUuids(anyDuplicate(line)))) {
    for (const subject of suite.subjectsOf(call)) (lists[subject] ??= []).push(call);
  }
  return { ok: exitCode === 0, calls: lists, state: comparableState(state, RACING_OUTPUTS.has(name)) };
}

/** Of two resources with one URN the CLI makes one or none, before it refuses the other; the next step deletes what was made. */
const CHANCE: Readonly<Record<string, string>> = { "duplicate urn": "d", "log.error": "d" };

/** The same without what the CLI itself does in one run and does not in the next. */
export function withoutChance(name: string, { ok, calls, state }: Comparable): Comparable {
  const subject = CHANCE[name];
  if (subject === undefined) return { ok, calls, state };
  const { [subject]: _chance, ...certain } = calls;
  const { latest } = (state as StateFile).checkpoint;
  const resources = latest.resources?.filter((entry) => !("id" in entry) || entry.id !== `${subject}-k0`);
  return { ok, calls: certain, state: { checkpoint: { latest: { ...latest, resources } } } };
}

const VARYING_KEYS = new Set(["sourcePosition", "stackTrace", "manifest"]);

interface StateFile {
  readonly checkpoint: {
    readonly latest: {
      readonly secrets_providers: { readonly state: { readonly salt: string } };
      readonly resources?: object[];
      readonly pending_operations?: object[];
    };
  };
}

/** A state without times, UUIDs, ciphertexts, source positions, the compiled code of the provider, and order. */
function comparableState(file: string, withoutStackOutputs: boolean): StateFile {
  const state = JSON.parse(anyDuplicate(file), (key, value: unknown) => {
    if (VARYING_KEYS.has(key)) return undefined;
    if (key === "created" || key === "modified") return "<time>";
    if (key === "ciphertext") return "<ciphertext>";
    if (key === "__provider" && typeof value === "string") return "<code>";
    if (key === "dependencies") return (value as string[]).toSorted();
    if (key === "propertyDependencies") return sortedLists(value as Record<string, string[]>);
    return typeof value === "string" ? withoutUuids(value) : value;
  }) as StateFile;
  const { latest } = state.checkpoint;
  for (const resource of latest.resources ?? []) {
    if (withoutStackOutputs && "type" in resource && resource.type === "pulumi:pulumi:Stack")
      Object.assign(resource, { outputs: {} });
  }
  latest.resources?.sort(byText);
  latest.pending_operations?.sort(byText);
  return state;
}

/** The outputs that the program gave the stack, as the state has them. */
export function stackOutputsIn(file: string): unknown {
  const { resources = [] } = comparableState(file, false).checkpoint.latest;
  const root = resources.find((resource) => "type" in resource && resource.type === "pulumi:pulumi:Stack");
  return root !== undefined && "outputs" in root ? root.outputs : {};
}

const sortedLists = (lists: Readonly<Record<string, readonly string[]>>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.toSorted()]));

function byText(a: object, b: object): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Opens every state, which decrypts it, and checks that it does not contradict itself. @throws EngineError BAD_STATE */
export async function verifyStates(states: readonly string[]): Promise<void> {
  for (const text of states) {
    const { secrets_providers: secrets, resources = [] } = (JSON.parse(text) as StateFile).checkpoint.latest;
    const codec = new StateCodec(await Crypter.open("x", secrets.state.salt));
    verifyResources(resources.map((resource) => codec.decode(resource)));
  }
}
