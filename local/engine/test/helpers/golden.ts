/** A step of the recorded runs. */
export interface GoldenStep {
  readonly name: string;
  readonly op: "up" | "preview" | "refresh" | "destroy";
  /** Configuration of the step: key to value; `s` stands for `conf:s`. */
  readonly cfg: Readonly<Record<string, unknown>>;
  /** What the provider's `read` finds. */
  readonly drift?: unknown;
}

// a, b and c-r depend on each other in this order, so the order of their calls is no accident; all others are independent.
const CHAINED = new Set(["a", "b", "cr"]);

/** The resource that a recorded call is about; ids begin with its name. */
function resourceOf(call: string): string {
  const [operation = "", subject = ""] = call.split(" ", 2);
  if (operation === "configure") return operation;
  if (operation === "check") return subject;
  if (operation === "create") return (JSON.parse(call.slice("create ".length)) as { name: string }).name;
  return subject.slice(0, subject.indexOf("-"));
}

/** The calls in the order in which they must come: one list for the chained resources, one for each independent one. */
export function callsByResource(calls: readonly string[]): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const call of calls.map(anyDuplicate)) {
    const resource = resourceOf(call);
    const list = CHAINED.has(resource) ? "chained" : resource;
    (result[list] ??= []).push(call);
  }
  return result;
}

/** Two resources of one step have the same URN; which of them comes first is chance, the other is refused. */
const anyDuplicate = (text: string): string => text.replaceAll(/\bd2\b/gu, "d");

export const withEffect = (calls: readonly string[]): string[] =>
  calls.filter((call) => !/^(?:check|diff) /u.test(call));

const VARYING_KEYS = new Set(["sourcePosition", "stackTrace", "time"]);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu;

interface ComparableState {
  readonly checkpoint: {
    readonly latest: { readonly resources?: object[]; readonly pending_operations?: object[] };
  };
}

/** A state file without what must differ: times, UUIDs, ciphertexts, source positions, the compiled code of the provider, and order. */
export function comparableState(file: string): ComparableState {
  const state = JSON.parse(anyDuplicate(file), (key, value: unknown) => {
    if (VARYING_KEYS.has(key)) return undefined;
    if (key === "created" || key === "modified") return "<time>";
    if (key === "ciphertext") return "<ciphertext>";
    if (key === "__provider" && typeof value === "string") return "<code>";
    return typeof value === "string" ? value.replaceAll(UUID, "<uuid>") : value;
  }) as ComparableState;
  const { latest } = state.checkpoint;
  latest.resources?.sort(byText);
  latest.pending_operations?.sort(byText);
  return state;
}

/** The same without the outputs that the program gave the stack. */
export function withoutStackOutputs({ checkpoint }: ComparableState): ComparableState {
  const { latest } = checkpoint;
  const resources = (latest.resources ?? []).map((resource) =>
    "type" in resource && resource.type === "pulumi:pulumi:Stack" ? { ...resource, outputs: {} } : resource,
  );
  return { checkpoint: { ...checkpoint, latest: { ...latest, resources } } };
}

function byText(a: object, b: object): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
