import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { ownProgram } from "../../providers/common/own-files.ts";
import { portalPackages, requirePackages } from "../../providers/common/optional-packages.ts";
import { type RunningSandbox, findSandbox } from "../../stacks/local/sandbox-process.ts";
import { type Project, openProject } from "../../stacks/project.ts";
import { UserError } from "../../stacks/user-error.ts";

const program = (...words: string[]) => [...process.execArgv, ownProgram("portal/main"), ...words];

/** Where a project's portal keeps all that it has, unless PORTAL_FOLDER says otherwise. */
const folderOf = (project: Project): string =>
  resolve(project.root, process.env["PORTAL_FOLDER"] ?? join(project.masumi, "portal"));

/** Returns the sandbox that the portal's fleets share, if it runs: it outlives the portal, and is not the project's. */
export async function findPortalSandbox(project: Project): Promise<RunningSandbox | undefined> {
  const fleets = join(folderOf(project), "project");
  return existsSync(join(fleets, "Pulumi.yaml")) ? findSandbox(openProject(fleets)) : undefined;
}

/** `portal`: runs the portal as a program of its own until it ends, and returns its exit code. */
export async function portal(project: Project): Promise<number> {
  requirePackages("The portal", portalPackages());
  const child = spawn(process.execPath, program(), {
    // Its folder is this project's .masumi/portal.
    cwd: project.root,
    stdio: "inherit",
  });
  return untilEnded(child);
}

/**
 * `portal stop`: ends the one that runs, with its crews and its sandbox, and returns its exit code; that none runs is fine.
 *
 * @param output where it says so
 */
export async function portalStop(project: Project, output: "inherit" | 2 = "inherit"): Promise<number> {
  const stdio = ["ignore", output, "inherit"] as const;
  return untilEnded(spawn(process.execPath, program("--stop"), { cwd: project.root, stdio: [...stdio] }));
}

/** Ends the portal beside which a project's agents were shown, unless it was ended in order. What that one keeps stays. */
export async function stopPortalProcess(project: Project): Promise<void> {
  // What portal/running.ts writes while one runs.
  if (existsSync(join(folderOf(project), "portal.json"))) await portalStop(project, 2);
}

/**
 * Starts the project's portal as a process of its own that stays up, and returns its URL; that of the one which runs, if there is one.
 *
 * @throws UserError if it does not start; PackageError PACKAGE_MISSING
 */
export async function startPortalProcess(
  project: Project,
  { chainSpeed }: { readonly chainSpeed: string },
): Promise<string> {
  requirePackages("The portal", portalPackages());
  const folder = folderOf(project);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, "portal.log");
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, program(), {
    cwd: project.root,
    detached: true,
    stdio: ["ignore", "pipe", log],
    env: { PORTAL_CHAIN_SPEED: chainSpeed, ...process.env },
  });
  closeSync(log);
  const { stdout } = child;
  if (!stdout) throw new Error("a pipe was asked for");
  for await (const line of createInterface({ input: stdout })) {
    const [, url] = /^The portal: (\S+)$/.exec(line) ?? [];
    if (url === undefined) continue;
    // It keeps running without this process.
    stdout.destroy();
    child.unref();
    return url;
  }
  throw new UserError(`The portal did not start. See ${logFile}.`);
}

async function untilEnded(child: ChildProcess): Promise<number> {
  // ^C at a terminal reaches the portal by itself; what only this process is sent is handed on.
  const ignore = () => undefined;
  const handOn = () => void child.kill("SIGTERM");
  process.on("SIGINT", ignore);
  process.on("SIGTERM", handOn);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", handOn);
  }
}
