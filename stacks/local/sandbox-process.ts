import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import axios, { isAxiosError } from "../../providers/common/axios.ts";
import { withLockFile } from "../../providers/common/lock-file.ts";
import { ownProgram } from "../../providers/common/own-files.ts";
import { isFree } from "./port.ts";
import type { Project } from "../project.ts";
import { UserError } from "../user-error.ts";

export const SANDBOX_PORT = 4801;
const STARTS_WITHIN_MS = 20_000;
const ANSWERS_WITHIN_MS = 5_000;
const SILENT_FOR_MS = 20_000;
const ENDS_WITHIN_MS = 10_000;

/** What a sandbox is started with. */
export interface SandboxOptions {
  /** How many times faster than the real chain; "instant" confirms everything at once. */
  readonly chainSpeed: string;
  readonly port?: number;
  readonly world?: string;
  readonly fault?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface RunningSandbox {
  readonly pid: number;
  readonly url: string;
  /** As the sandbox says it; absent before one could tell. */
  readonly chainSpeed?: number | string | undefined;
}

/** What a sandbox says of itself. */
interface SandboxStatus {
  readonly pid?: number;
  /** Whose payment service it is; null: nobody's, one that was started by hand. Absent before it could tell. */
  readonly project?: string | null;
  readonly database?: string | null;
  readonly chainSpeed?: number | string;
}

const infoFile = (project: Project) => join(project.sandbox, "sandbox.json");

/** How this project's sandbox names what it serves: by paths that do not depend on how somebody came there. */
function servedBy(project: Project): { readonly project: string; readonly database: string } {
  const root = realpathSync(project.root);
  return { project: root, database: join(root, relative(project.root, project.sandbox), "sandbox.sqlite") };
}

/** Asks what listens there what it is; undefined where nothing listens, or nothing that answers as a sandbox does. */
async function askSandbox(url: string, signal?: AbortSignal): Promise<SandboxStatus | undefined> {
  const end = Date.now() + SILENT_FOR_MS;
  for (;;) {
    try {
      const { data } = await axios.get<SandboxStatus>(`${url}/sandbox/status`, {
        timeout: ANSWERS_WITHIN_MS,
        proxy: false,
        maxRedirects: 0,
        ...(signal ? { signal } : {}),
      });
      return typeof data === "object" ? data : undefined;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAxiosError(error)) throw error;
      if (error.response || error.code === "ECONNREFUSED") return undefined;
      // Whatever listens there is silent: it may be busy.
      if (Date.now() >= end) throw new UserError(silence(url));
      await sleep(200, undefined, signal ? { signal } : {});
    }
  }
}

const silence = (url: string) =>
  `What listens on ${url} has not answered for ${SILENT_FOR_MS / 1000} s, so whether it is this project's sandbox is not known. ` +
  "Run the command again; if it stays so, end that process and start the sandbox with: npx masumi-agents sandbox";

function recorded(project: Project): RunningSandbox | undefined {
  try {
    return JSON.parse(readFileSync(infoFile(project), "utf8")) as RunningSandbox;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the sandbox that answers is the one of this project. One that serves no project is, if it is the recorded process. */
function isOurs(project: Project, known: RunningSandbox, said: SandboxStatus): boolean {
  if (said.project === null) return said.pid === known.pid;
  const own = servedBy(project);
  return said.project === own.project && said.database === own.database;
}

/**
 * Return this project's sandbox, if it runs. Another project's, which may have got the recorded port since, is none.
 *
 * @throws UserError when what listens there stays silent
 */
export async function findSandbox(
  project: Project,
  signal?: AbortSignal,
): Promise<RunningSandbox | undefined> {
  const known = recorded(project);
  const said = known && (await askSandbox(known.url, signal));
  if (!known || !said || !isOurs(project, known, said)) return undefined;
  const { pid = known.pid, chainSpeed } = said;
  return { ...known, pid, chainSpeed };
}

export const sandboxIsMissing = () =>
  new UserError("The sandbox of this project is not running. Start it with: npx masumi-agents sandbox");

/**
 * Start the sandbox as a process of its own that stays up, and return it when it answers. If another command is starting
 * it, or it runs, that one is returned.
 *
 * @throws UserError when its port is taken, it refuses what it is started with, or it does not answer in time
 */
export function startSandboxProcess(project: Project, options: SandboxOptions): Promise<RunningSandbox> {
  mkdirSync(project.sandbox, { recursive: true, mode: 0o700 });
  const start = async () => (await findSandbox(project, options.signal)) ?? launch(project, options);
  return withLockFile(join(project.sandbox, "starting.lock"), start, options.signal);
}

async function launch(project: Project, options: SandboxOptions): Promise<RunningSandbox> {
  const { signal } = options;
  // The port of the last sandbox, since the state remembers its URL.
  const last = recorded(project);
  const kept = options.port ?? (last && Number(new URL(last.url).port));
  if (kept !== undefined && !(await isFree(kept)))
    throw await portIsTaken(kept, options.port === undefined, signal);
  const logFile = join(project.sandbox, "sandbox.log");
  const log = openSync(logFile, "a", 0o600);
  const { size: before } = fstatSync(log);
  const child = spawn(process.execPath, argumentsOf(project, kept, options), {
    cwd: project.root,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const ended = new AbortController();
  child.once("exit", () => ended.abort());
  child.unref();

  const over = AbortSignal.any([ended.signal, AbortSignal.timeout(STARTS_WITHIN_MS)]);
  while (!over.aborted) {
    signal?.throwIfAborted();
    const running = recorded(project);
    if (running?.pid === child.pid && running && (await askSandbox(running.url, signal))) return running;
    await sleep(100);
  }
  const where = kept === undefined ? "" : ` on port ${kept}`;
  const said = readFileSync(logFile).subarray(before).toString().trim();
  // What it has not foreseen is told with a stack, which is for the log.
  const isComplaint = said !== "" && !/^\s+at /m.test(said);
  throw new UserError(`The sandbox did not start${where}${isComplaint ? `: ${said}` : `. See ${logFile}.`}`);
}

async function portIsTaken(
  port: number,
  isKept: boolean,
  signal: AbortSignal | undefined,
): Promise<UserError> {
  const said = await askSandbox(`http://127.0.0.1:${port}`, signal).catch(() => undefined);
  const by = said?.project
    ? `the sandbox of ${said.project} (process ${said.pid})`
    : said
      ? "another sandbox"
      : "another program";
  const which = isKept ? ", which this project's sandbox had last," : "";
  const move = isKept ? " Then run up before anything else: the state remembers the old port." : "";
  return new UserError(
    `Port ${port}${which} is used by ${by}. End that one, or name another port: npx masumi-agents sandbox --port <n>.${move}`,
  );
}

function argumentsOf(project: Project, port: number | undefined, options: SandboxOptions): string[] {
  const own = servedBy(project);
  const words = [
    ownProgram("local/sandbox/main"),
    "--port",
    String(port ?? SANDBOX_PORT),
    "--project",
    own.project,
    "--db",
    own.database,
  ];
  // Two projects that start for the first time at once must not get the same one.
  if (port === undefined) words.push("--next-port");
  words.push("--info", infoFile(project), "--chain-speed", options.chainSpeed);
  if (options.world) words.push("--world", resolve(options.world));
  for (const fault of options.fault ?? []) words.push("--fault", fault);
  return words;
}

/**
 * End this project's sandbox, and return false when none runs. Its database stays.
 *
 * @throws UserError if it does not end
 */
export async function stopSandbox(project: Project): Promise<boolean> {
  const running = await findSandbox(project);
  if (!running) return false;
  await axios.post(`${running.url}/sandbox/shutdown`, {}, { timeout: 5_000, proxy: false });
  // It answers before it ends, and the next one may want its port at once.
  const end = Date.now() + ENDS_WITHIN_MS;
  while (await findSandbox(project)) {
    if (Date.now() > end) {
      throw new UserError(
        `The sandbox (process ${running.pid}) has not ended within ${ENDS_WITHIN_MS / 1000} s: try again.`,
      );
    }
    await sleep(20);
  }
  return true;
}
