import { EngineError } from "../errors.ts";

export type ConfigStep = string | number;

/** `.name`, `name` at the beginning, `[0]`, `["any text"]`. */
const STEP = /\.?(?<name>[^.[\]"]+)|\[(?<index>\d+)\]|\["(?<text>(?:[^"\\]|\\.)*)"\]/uy;

/**
 * The steps of a configuration key as `--path` writes it, like `pulumi config set --path`: `masumi:aws.subnetIds[0]`.
 * @throws EngineError BAD_CONFIG_KEY
 */
export function parseConfigPath(key: string): [name: string, ...steps: ConfigStep[]] {
  const steps: ConfigStep[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < key.length) {
    const { name, index, text } = STEP.exec(key)?.groups ?? {};
    if (name === undefined && index === undefined && text === undefined) throw badPath(key);
    steps.push(index === undefined ? (name ?? String(JSON.parse(`"${text}"`))) : Number(index));
  }
  const [name, ...rest] = steps;
  if (typeof name !== "string") throw badPath(key);
  return [name, ...rest];
}

const badPath = (key: string): EngineError =>
  new EngineError(
    "BAD_CONFIG_KEY",
    `"${key}" is not a path: <namespace>:<name>.<member>, <namespace>:<name>[<index>], or both again and again.`,
  );

/** What is at the end of the steps; undefined where there is nothing. */
export function valueAt(value: unknown, steps: readonly ConfigStep[]): unknown {
  return steps.reduce<unknown>(
    (at, step) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, step)
        ? (at as Readonly<Record<ConfigStep, unknown>>)[step]
        : undefined,
    value,
  );
}

/** Inside a structure, as the CLI has it, `true`, `false` and whole numbers are no texts. */
export function typedValue(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}
