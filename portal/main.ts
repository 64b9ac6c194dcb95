import { hasStableCode } from "../providers/common/coded-error.ts";
import { printableLines } from "../providers/common/printable.ts";
import { startPortal } from "./portal.ts";
import { readSettings } from "./settings.ts";

const HELP = `Create AI agent: the page and the API by which customers get agents of their own.

  node portal/main.ts

It is set up by environment variables, which docs/portal.md describes; without any, all of it runs on this machine: a sandbox of
the Masumi network, an embedded database, sign-in by anybody's word. It prints one URL. ^C ends it; the next start goes on.
`;

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(HELP);
    return;
  }
  // Documents, keys and states are this user's alone.
  process.umask(0o077);
  const say = (line: string) => process.stderr.write(`${printableLines(line)}\n`);
  const portal = await startPortal({ settings: readSettings(process.env), env: process.env, say });
  process.stdout.write(`The portal: ${portal.url}\n`);
  await endOfProcess();
  say("Ending: what is under way comes to a point from which the next start goes on. ^C again ends at once.");
  await portal.close();
}

/** Waits for a signal; a second one ends the process at once. */
function endOfProcess(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        done();
      });
    }
  });
}

main().catch((error: unknown) => {
  // A mistake of the user's, or of their machine's, needs no stack.
  const { code } = error as { code?: unknown };
  if (code === "EADDRINUSE") {
    process.stderr.write(
      "The port is used by another program, or the portal runs already. Choose another: PORTAL_PORT.\n",
    );
  } else if (hasStableCode(error) || (error as Error).name === "UserError") {
    process.stderr.write(`${printableLines((error as Error).message)}\n`);
  } else console.error(error);
  process.exit(1);
});
