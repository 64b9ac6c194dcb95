/** Stripe's own judge of requests: it knows every field of the API, and nothing of what happened. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { startProcess } from "../../cloud/processes.ts";
import { freePort } from "../../helpers/free-port.ts";
import { guarded } from "../../helpers/guard.ts";

const run = promisify(execFile);

const VERSION = "0.203.0";
const MODULE = `github.com/stripe/stripe-mock@v${VERSION}`;
const BUILD_MS = 300_000;
const START_MS = 60_000;

/** Whether its absence is a failure. */
export const isRequired = process.env["MASUMI_TEST_STRIPE"] === "required";

/** Built once for all checkouts, outside of them. */
const kept = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "masumi-agents-tests",
  `stripe-mock-${VERSION}`,
);

/** @returns undefined if there is neither the program nor Go to build it with */
async function program(): Promise<string | undefined> {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "stripe-mock"));
  const found = [...onPath, join(kept, "stripe-mock")].find((file) => existsSync(file));
  return found ?? build();
}

async function build(): Promise<string | undefined> {
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(kept, "build-"));
  try {
    await run("go", ["install", MODULE], { env: { ...process.env, GOBIN: folder }, timeout: BUILD_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const file = join(kept, "stripe-mock");
  // Of two runs at once, both put the same there.
  renameSync(join(folder, "stripe-mock"), file);
  rmSync(folder, { recursive: true });
  return file;
}

export interface StripeMock {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts it on a free port.
 *
 * @returns undefined if it cannot be had here
 * @throws if it cannot be had where it is required
 */
export async function startStripeMock(): Promise<StripeMock | undefined> {
  const file = await program();
  if (file === undefined) {
    const what = `stripe-mock is not on PATH, and there is no Go to build ${MODULE} with`;
    if (isRequired) throw new Error(what);
    console.warn(`${what}: our requests to Stripe are NOT held against it.`);
    return undefined;
  }
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "stripe-mock-"));
  const [command, args] = guarded(file, "-http-port", String(port));
  const server = startProcess({ command, args, detached: true, log: join(folder, "log") });
  const url = `http://127.0.0.1:${port}`;
  await server.up("stripe-mock", START_MS, () => fetch(`${url}/v1/balance`).catch(() => undefined));
  return {
    url,
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
