import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The limits of a run, as a stack's settings have them. */
export type LimitKey = "masumi:allowDeregister" | "masumi:maxAda";

/** Returns the values of keys that are known; `undefined` is a key that is not set. */
export type StackLimits = ReadonlyMap<LimitKey, unknown>;

const KEYS: readonly LimitKey[] = ["masumi:allowDeregister", "masumi:maxAda"];

interface Contents {
  readonly stackConfigDir?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly environment?: unknown;
}

/**
 * Reads a stack's limits where the engine reads them: in `Pulumi.<stack>.yaml`. Not known is what is secret, what an environment may
 * have (Pulumi ESC), and everything if there is no such file.
 */
export async function readStackLimits(projectFolder: string, stack: string): Promise<StackLimits> {
  const { parse } = await import("yaml");
  const read = async (...path: readonly string[]): Promise<Contents | undefined> => {
    const text = await readFile(join(projectFolder, ...path), "utf8").catch(() => undefined);
    return text === undefined ? undefined : ((parse(text) ?? {}) as Contents);
  };
  const { stackConfigDir = "." } = (await read("Pulumi.yaml")) ?? {};
  const settings = await read(stackConfigDir, `Pulumi.${stack}.yaml`);
  if (!settings) return new Map();
  const { config = {}, environment } = settings;
  const isKnown = (key: LimitKey) => (key in config ? !isSecret(config[key]) : environment === undefined);
  return new Map(KEYS.filter(isKnown).map((key) => [key, config[key]]));
}

const isSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "secure" in value;
