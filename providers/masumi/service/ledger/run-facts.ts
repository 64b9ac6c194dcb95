import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../../../common/atomic-write.ts";

const facts = z.object({ engine: z.string().min(1), plan: z.string().regex(/^[0-9a-f]{64}$/) });

const pathOf = (projectFolder: string) => join(projectFolder, ".masumi", "run.json");

/**
 * Leaves a run's plan for its provider host, which is another process: as an input of a resource, it would be a change in every
 * run. Both know the engine's address, by which the host recognises its own run.
 */
export async function leaveRunFacts(
  projectFolder: string,
  { engine, plan }: { readonly engine: string | undefined; readonly plan: string },
): Promise<void> {
  if (!engine) return;
  await mkdir(join(projectFolder, ".masumi"), { recursive: true, mode: 0o700 });
  await writeAtomically(pathOf(projectFolder), `${JSON.stringify({ engine, plan })}\n`, 0o600);
}

/** Returns the checksum of the plan that the program of this engine's run left; undefined if there is none. */
export async function planOfRun(
  projectFolder: string | undefined,
  engine: string | undefined,
): Promise<string | undefined> {
  if (projectFolder === undefined || !engine) return undefined;
  try {
    const left = facts.parse(JSON.parse(await readFile(pathOf(projectFolder), "utf8")));
    return left.engine === engine ? left.plan : undefined;
  } catch {
    return undefined;
  }
}
