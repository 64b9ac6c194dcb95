import { renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const HELP = `Simulated Masumi payment service with its chain, and a stub model, on this machine only.

  node local/sandbox/main.ts [options]

  --port <n>            port on 127.0.0.1 (default 4801; 0 = any free one)
  --next-port           if that port is in use, take the next free one
  --project <folder>    whose payment service this is, for /sandbox/status
  --db <file>           database that survives restarts (default: in memory)
  --world <file>        keys, payment sources, wallets and tokens (default: world.default.json beside this program)
  --chain-speed <n>     multiple of the real chain's speed (default 1); 0 = it moves only when advanced;
                        "instant" = whatever is under way completes at the next request
  --fault <spec>        a scripted fault, may be repeated; README.md lists them
  --allowed-host <name> a further name or address by which it may be asked, besides those of loopback; may be repeated
  --cors                answer pages of any origin, as the real service does
  --no-auth-delay       answer refused keys at once (the real service waits up to a second)
  --clock-skew=<s>      the service's own clock is that many seconds ahead (-3600 = an hour behind)
  --shuffle             return rows of the same moment, and prices, in any order
  --info <file>         write {"pid","url","startedAt","project","database"} to this file once it listens
  --json                print the same line instead of a sentence
  --help

Examples
  node local/sandbox/main.ts --db .masumi/sandbox/sandbox.sqlite --chain-speed 30
  node local/sandbox/main.ts --port 0 --chain-speed instant --json
  node local/sandbox/main.ts --fault "lost-after-write,route=POST /registry" --fault "slow,route=*,ms=500,count=20"
`;

const OPTIONS = {
  port: { type: "string", default: "4801" },
  "next-port": { type: "boolean", default: false },
  project: { type: "string" },
  db: { type: "string" },
  world: { type: "string" },
  "chain-speed": { type: "string", default: "1" },
  fault: { type: "string", multiple: true, default: [] as string[] },
  "allowed-host": { type: "string", multiple: true, default: [] as string[] },
  cors: { type: "boolean", default: false },
  "auth-delay": { type: "boolean", default: true },
  "clock-skew": { type: "string", default: "0" },
  shuffle: { type: "boolean", default: false },
  info: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** About three years, in seconds. */
const LARGEST_SKEW = 100_000_000;

/** What the user typed or prepared is wrong: shown without a stack. */
class UsageError extends Error {}

function readNumber(name: string, text: string, largest: number, smallest = 0): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= smallest && number <= largest) return number;
  throw new UsageError(`--${name} ${text}: expected a number from ${smallest} to ${largest}`);
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowNegative: true }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee --help.`);
  }
}

/** Only sqlite's announcement that it is new is silenced; every other warning is shown as ever. */
function silenceSqliteWarning(): void {
  const [show] = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (!(warning.name === "ExperimentalWarning" && warning.message.includes("SQLite"))) show?.(warning);
  });
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  silenceSqliteWarning();
  // Its database holds everybody's keys of this world: it and all else that is written are this user's alone.
  process.umask(0o077);
  const { parseFault, startSandbox } = await import("./index.ts");
  const speed = values["chain-speed"];
  const sandbox = await startSandbox({
    port: readNumber("port", values.port, 65_535),
    nextPort: values["next-port"],
    chainSpeed: speed === "instant" ? speed : readNumber("chain-speed", speed, 1_000_000),
    faults: values.fault.map(parseFault),
    allowedHosts: values["allowed-host"],
    cors: values.cors,
    authDelay: values["auth-delay"],
    clockSkewSeconds: readNumber("clock-skew", values["clock-skew"], LARGEST_SKEW, -LARGEST_SKEW),
    shuffle: values.shuffle,
    ...(values.project === undefined ? {} : { project: values.project }),
    ...(values.db === undefined ? {} : { db: values.db }),
    ...(values.world === undefined ? {} : { world: values.world }),
    onShutdown: () => end(),
  });
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= sandbox.close();
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);

  const { url, project, database } = sandbox;
  const info = JSON.stringify({
    pid: process.pid,
    url,
    startedAt: new Date().toISOString(),
    project,
    database,
  });
  if (values.info !== undefined) {
    writeFileSync(`${values.info}.new`, `${info}\n`);
    renameSync(`${values.info}.new`, values.info);
  }
  process.stdout.write(
    values.json ? `${info}\n` : `The sandbox listens on ${sandbox.url} (chain speed ${speed}).\n`,
  );
}

function explain(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "EADDRINUSE") return "The port is in use by another program. Choose another with --port.";
  return code?.startsWith("SANDBOX_") ? message : undefined;
}

main().catch((error: unknown) => {
  const explanation = explain(error);
  if (explanation === undefined) console.error(error);
  else process.stderr.write(`${explanation}\n`);
  process.exitCode = 1;
});
