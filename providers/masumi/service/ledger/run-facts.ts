import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../../../common/atomic-write.ts";

const schema = z.object({
  /** The engine's address, which the program and its provider host both know. */
  engine: z.string().min(1),
  /** The plan's checksum. */
  plan: z.string().regex(/^[0-9a-f]{64}$/),
  /** masumi:allowDeregister */
  allowDeregister: z.array(z.string()),
  /** masumi:maxAda, in ADA; none if there is no limit. */
  maxAda: z.string().optional(),
});

/** What a run's program leaves for its provider host. */
export type RunFacts = Readonly<z.output<typeof schema>>;

const pathOf = (projectFolder: string) => join(projectFolder, ".masumi", "run.json");

/**
 * Leaves a run's plan and limits for its provider host, which is another process. As an input of a resource, the plan would be a
 * change in every run; and the provider of a program that has lost its last agent is configured from the state, with the limits of
 * an earlier run. Both know the engine's address, by which the host recognises its own run.
 */
export async function leaveRunFacts(
  projectFolder: string,
  { engine, ...facts }: Omit<RunFacts, "engine"> & { readonly engine: string | undefined },
): Promise<void> {
  if (!engine) return;
  await mkdir(join(projectFolder, ".masumi"), { recursive: true, mode: 0o700 });
  await writeAtomically(pathOf(projectFolder), `${JSON.stringify({ engine, ...facts })}\n`, 0o600);
}

/** Returns what the program of this engine's run left; undefined if it left nothing. */
export async function readRunFacts(
  projectFolder: string | undefined,
  engine: string | undefined,
): Promise<RunFacts | undefined> {
  if (projectFolder === undefined || !engine) return undefined;
  try {
    const left = schema.parse(JSON.parse(await readFile(pathOf(projectFolder), "utf8")));
    return left.engine === engine ? left : undefined;
  } catch {
    return undefined;
  }
}
