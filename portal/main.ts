import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { hasStableCode } from "../providers/common/coded-error.ts";
import { isLocalStack } from "../providers/common/local-stack.js";
import { printableLines } from "../providers/common/printable.ts";
import { type Stopped, findRunning, stopRunning, untilRunning } from "./running.ts";
import { type Settings, readSettings } from "./settings.ts";

const HELP = `Create AI agent: the page and the API by which customers get agents of their own.

  node portal/main.ts          starts the portal, unless it is running already, and prints its URL
  node portal/main.ts --stop   stops the portal, its crews and its sandbox; their data is kept

Environment variables configure it (docs/portal.md). With none set, everything runs on this machine: a sandbox of the Masumi
network, an embedded database, and sign-in without passwords. ^C stops the portal, but neither its crews nor its sandbox; the
next start continues where it left off.
`;

const say = (line: string) => process.stderr.write(`${printableLines(line)}\n`);
const print = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(HELP);
    return;
  }
  // Documents, keys and states are this user's alone.
  process.umask(0o077);
  const settings = readSettings(process.env);
  if (process.argv.includes("--stop")) await stop(settings);
  else await run(settings);
}

const STOPPED: Readonly<Record<Stopped, string>> = {
  portal: "The portal was stopped; its data is kept.",
  rest: "The portal was not running; its crews and its sandbox were stopped. Their data is kept.",
  nothing: "The portal was not running.",
};

async function stop({ PORTAL_FOLDER, DATABASE_URL }: Settings): Promise<void> {
  const folder = resolve(PORTAL_FOLDER);
  print(STOPPED[existsSync(folder) ? await stopRunning(folder) : "nothing"]);
  if (DATABASE_URL !== undefined) print("Other portals that use the same database keep running.");
}

async function run(settings: Settings): Promise<void> {
  const folder = resolve(settings.PORTAL_FOLDER);
  // Several may share a database server; an embedded one is one portal's alone.
  const isAlone = settings.DATABASE_URL === undefined;
  const running = isAlone ? await findRunning(folder) : undefined;
  if (running) return tellOf(running.url);
  const stopListening = endWhileStarting(settings);
  // Only whoever starts one needs all that it loads.
  const { startPortal } = await import("./portal.ts");
  const portal = await startPortal({ settings, env: process.env, say })
    .finally(stopListening)
    .catch(async (error: unknown) => {
      // Two were started at once, and the other one was faster.
      const other = isInUse(error) ? await untilRunning(folder) : undefined;
      if (!other) throw error;
      return other;
    });
  if (!("close" in portal)) return tellOf(portal.url);
  print(`The portal: ${portal.url}`);
  await endOfProcess();
  say("Shutting down once work in progress is saved. Press ^C again to quit immediately.");
  await portal.close();
  if (isLocalStack(settings.PORTAL_STACKS)) say(`The agents and their sandbox keep running. ${ENDS_THEM}`);
}

const ENDS_THEM = "This ends them: npx masumi-agents portal stop";

function tellOf(url: string): void {
  say("The portal is already running.");
  print(`The portal: ${url}`);
}

const isInUse = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === "PORTAL_DATABASE_IN_USE";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Ends the process at the first signal, as a start has nothing to save, and says what stays. Returns how to stop listening. */
function endWhileStarting({ PORTAL_STACKS }: Settings): () => void {
  const end = () => {
    say("The portal was ended before it had started.");
    if (isLocalStack(PORTAL_STACKS)) say(`Its sandbox, and agents of earlier starts, may run. ${ENDS_THEM}`);
    process.exit(130);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

/** Waits for a signal; a second one ends the process at once. */
function endOfProcess(): Promise<void> {
  return new Promise((done) => {
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        done();
      });
    }
  });
}

main().catch((error: unknown) => {
  // A mistake of the user's, or of their machine's, needs no stack.
  if (hasStableCode(error) || (error as Error).name === "UserError") {
    process.stderr.write(`${printableLines((error as Error).message)}\n`);
  } else console.error(error);
  process.exit(1);
});
