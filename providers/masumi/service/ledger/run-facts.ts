import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeAtomically } from "../../../common/atomic-write.ts";
import { sha256 } from "../../../common/sha256.ts";

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

const folderOf = (projectFolder: string) => join(projectFolder, ".masumi", "runs");

/** Stacks of one project may run at the same time. */
const pathOf = (projectFolder: string, engine: string) =>
  join(folderOf(projectFolder), `${sha256(engine).slice(0, 16)}.json`);

const KEPT_MS = 86_400_000;

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
  await mkdir(folderOf(projectFolder), { recursive: true, mode: 0o700 });
  await removeOld(folderOf(projectFolder));
  await writeAtomically(pathOf(projectFolder, engine), `${JSON.stringify({ engine, ...facts })}\n`, 0o600);
}

/** Removes what runs left that have ended: no credentials last for longer than a day. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const left = await stat(file).catch(() => undefined);
    if (left && left.mtimeMs < Date.now() - KEPT_MS) await rm(file, { force: true });
  }
}

/** Returns what the program of this engine's run left; undefined if it left nothing. */
export async function readRunFacts(
  projectFolder: string | undefined,
  engine: string | undefined,
): Promise<RunFacts | undefined> {
  if (projectFolder === undefined || !engine) return undefined;
  try {
    const left = schema.parse(JSON.parse(await readFile(pathOf(projectFolder, engine), "utf8")));
    return left.engine === engine ? left : undefined;
  } catch {
    return undefined;
  }
}
