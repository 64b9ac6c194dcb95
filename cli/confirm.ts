import { openTerminal } from "./terminal.ts";
import { print } from "./text.ts";

/** What says that nobody is to be asked. */
export interface AskingFlags {
  readonly yes?: boolean;
  readonly nonInteractive?: boolean;
}

/** Ask whoever sits at the terminal; true where nobody does, or is not to be asked. */
export async function confirmed(
  question: () => string | Promise<string>,
  { yes, nonInteractive }: AskingFlags,
): Promise<boolean> {
  const terminal = yes || nonInteractive ? undefined : openTerminal();
  if (!terminal) return true;
  const answer = await terminal.ask(`${await question()} [y/N] `, {
    isSecret: false,
    signal: new AbortController().signal,
  });
  if (/^y(es)?$/iu.test(answer?.trim() ?? "")) return true;
  print("Nothing was changed.\n", process.stderr);
  return false;
}
