import { setConfig } from "../../local/engine/stack/index.ts";
import { localRun, prepareLocalStack } from "../../stacks/local/local-stack.ts";
import { type Project, startSandboxProcess } from "../../stacks/index.ts";
import { readConfig } from "../../stacks/project.ts";

/** What a fleet on this machine has beside what every local stack has: one crew service for all its agents. */
const SETTINGS = { "masumi:hosting": "shared", "masumi:shared": '{"on":"process"}' } as const;

/** Starts the project's sandbox, unless it runs, and sets the fleets' stack up for it. */
export async function prepareLocalFleets(
  project: Project,
  { chainSpeed, signal }: { readonly chainSpeed: string; readonly signal?: AbortSignal },
): Promise<void> {
  const sandbox = await startSandboxProcess(project, { chainSpeed, ...(signal ? { signal } : {}) });
  await prepareLocalStack(project, sandbox.url);
  const known = readConfig(project, "local");
  for (const [key, value] of Object.entries(SETTINGS)) {
    if (known[key] !== value) await setConfig(localRun(project, 0), key, value, { secret: false });
  }
}
