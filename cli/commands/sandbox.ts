import { prepareLocalStack } from "../../stacks/local/local-stack.ts";
import type { Project } from "../../stacks/project.ts";
import {
  type RunningSandbox,
  findSandbox,
  startSandboxProcess,
  stopSandbox,
} from "../../stacks/local/sandbox-process.ts";
import { UserError } from "../../stacks/user-error.ts";
import { findPortalSandbox } from "../portal/portal.ts";
import { print, printJson, printProgress } from "../text.ts";

export interface SandboxFlags {
  readonly chainSpeed?: string;
  readonly port?: string;
  readonly world?: string;
  readonly fault?: string[];
  readonly json?: boolean;
}

type JsonFlag = Pick<SandboxFlags, "json">;

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UserError(`--port ${text}: expected a number from 1 to 65535.`);
}

const CHAIN_SPEED = "30";

/** `sandbox`: starts it unless it runs, and sets the local stack up for it; both are exit code 0. */
export async function sandbox(project: Project, flags: SandboxFlags): Promise<number> {
  const { port, json, chainSpeed = CHAIN_SPEED, ...options } = flags;
  const given = port === undefined ? {} : { port: portNumber(port) };
  const known = await findSandbox(project);
  const running = known ?? (await startSandboxProcess(project, { ...options, ...given, chainSpeed }));
  // So that the real Pulumi CLI finds the stack, its settings and its passphrase, too.
  await prepareLocalStack(project, { sandboxUrl: running.url });
  if (json) {
    process.stdout.write(`${JSON.stringify(running)}\n`);
  } else {
    const verb = known ? "is already running" : "is running";
    print(`The sandbox ${verb}: ${running.url} (process ${running.pid}, data in ${project.sandbox})\n`);
  }
  const ignored = known ? withoutEffect(known, flags) : [];
  if (ignored.length > 0) {
    printProgress(
      `It was running before, so ${ignored.join(", ")} had no effect. To start it with that: npx masumi-agents sandbox stop, then this again.`,
    );
  }
  return 0;
}

/** The options that are not as the running sandbox has them, or not known to be. */
function withoutEffect(
  { url, chainSpeed: speed }: RunningSandbox,
  { port, chainSpeed, world, fault = [] }: SandboxFlags,
): string[] {
  const isOtherSpeed = chainSpeed !== undefined && chainSpeed !== String(speed);
  return [
    ...(port !== undefined && port !== new URL(url).port ? [`--port ${port}`] : []),
    ...(isOtherSpeed
      ? [`--chain-speed ${chainSpeed}${speed === undefined ? "" : ` (it has ${speed})`}`]
      : []),
    ...(world === undefined ? [] : [`--world ${world}`]),
    ...fault.map((spec) => `--fault ${spec}`),
  ];
}

/** `sandbox status`: exit code 0 when it runs, else 1. */
export async function sandboxStatus(project: Project, { json = false }: JsonFlag): Promise<number> {
  const running = await findSandbox(project);
  if (json) {
    const portal = await findPortalSandbox(project);
    printJson({ running: running !== undefined, ...running, portal: portal ?? null });
  } else {
    print(running ? `${running.url} (process ${running.pid})\n` : "The sandbox is not running.\n");
    await tellOfPortals(project);
  }
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
