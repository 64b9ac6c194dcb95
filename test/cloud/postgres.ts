import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { guarded } from "../helpers/guard.ts";
import { startProcess } from "./processes.ts";

const run = promisify(execFile);
const START_MS = 60_000;
const ANSWER_MS = 5000;

/** Where PostgreSQL's programs are, which few have on their PATH. */
const programs = globSync("/usr/lib/postgresql/*/bin")
  .toSorted()
  .toReversed()
  .find((folder) => existsSync(join(folder, "initdb")));

/** False where no server can be started; with MASUMI_TEST_POSTGRES=required the tests run and fail instead. */
export const postgresIsThere: boolean =
  programs !== undefined || process.env["MASUMI_TEST_POSTGRES"] === "required";

/** It refuses to run as root. */
function ownUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export interface Postgres {
  readonly port: number;
  /** Its one user, who needs no password. */
  readonly user: string;
  readonly database: string;
  /** Answers a query, one line a row. */
  ask(sql: string): Promise<string>;
  close(): Promise<void>;
}

/** A PostgreSQL of its own, on loopback. */
export async function startPostgres(log: string): Promise<Postgres> {
  if (programs === undefined)
    throw new Error("PostgreSQL's initdb is not on this machine (Debian: apt-get install postgresql).");
  const folder = mkdtempSync(join(tmpdir(), "masumi-cloud-pg-"));
  const user = ownUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const init = ["-D", data, "-U", "crews", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"];
  await run(join(programs, "initdb"), init, { ...user, cwd: folder, timeout: START_MS });
  const port = await freePort();
  const settings = {
    fsync: "off",
    listen_addresses: "127.0.0.1",
    port: String(port),
    max_connections: "200",
  };
  const given = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, args] = guarded(join(programs, "postgres"), "-D", data, "-k", folder, ...given);
  const server = startProcess({
    command,
    args,
    detached: true,
    ...user,
    cwd: folder,
    log,
  });
  const at = ["-h", "127.0.0.1", "-p", String(port), "-U", "crews", "-d", "postgres"];
  const ask = async (sql: string): Promise<string> =>
    (await run(join(programs, "psql"), [...at, "-Atc", sql], { timeout: ANSWER_MS })).stdout.trim();
  await server.up(`PostgreSQL answers (${log})`, START_MS, () => ask("SELECT 1"));
  return {
    port,
    user: "crews",
    database: "postgres",
    ask,
    async close() {
      await server.stop("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
