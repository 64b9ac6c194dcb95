import { prepareLocalStack } from "../../stacks/local/local-stack.ts";
import type { Project } from "../../stacks/project.ts";
import { findSandbox, startSandboxProcess, stopSandbox } from "../../stacks/local/sandbox-process.ts";
import { UserError } from "../../stacks/user-error.ts";
import { findPortalSandbox } from "../portal/portal.ts";
import { print } from "../text.ts";

export interface SandboxFlags {
  readonly chainSpeed: string;
  readonly port?: string;
  readonly world?: string;
  readonly fault?: string[];
  readonly json?: boolean;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UserError(`--port ${text}: expected a number from 1 to 65535.`);
}

/** `sandbox`: starts it unless it runs, and sets the local stack up for it; both are exit code 0. */
export async function sandbox(project: Project, flags: SandboxFlags): Promise<number> {
  const { port, json, ...options } = flags;
  const known = await findSandbox(project);
  const running =
    known ??
    (await startSandboxProcess(project, { ...options, ...(port ? { port: portNumber(port) } : {}) }));
  // So that the real Pulumi CLI finds the stack, its settings and its passphrase, too.
  await prepareLocalStack(project, { sandboxUrl: running.url });
  if (json) {
    process.stdout.write(`${JSON.stringify(running)}\n`);
  } else {
    const verb = known ? "is already running" : "is running";
    print(`The sandbox ${verb}: ${running.url} (process ${running.pid}, data in ${project.sandbox})\n`);
  }
  return 0;
}

/** `sandbox status`: exit code 0 when it runs, else 1. */
export async function sandboxStatus(project: Project): Promise<number> {
  const running = await findSandbox(project);
  print(running ? `${running.url} (process ${running.pid})\n` : "The sandbox is not running.\n");
  await tellOfPortals(project);
  return running ? 0 : 1;
}

/** `sandbox stop`: stopping what does not run is fine. */
export async function sandboxStop(project: Project): Promise<number> {
  const stopped = await stopSandbox(project);
  print(stopped ? "The sandbox was stopped; its database is kept.\n" : "The sandbox was not running.\n");
  await tellOfPortals(project);
  return 0;
}

/** Names the sandbox that these commands leave alone. */
async function tellOfPortals(project: Project): Promise<void> {
  const running = await findPortalSandbox(project);
  if (!running) return;
  print(
    `The portal's own runs: ${running.url} (process ${running.pid}). This ends it: npx masumi-agents portal stop\n`,
  );
}
