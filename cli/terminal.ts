import { Writable } from "node:stream";
import { createInterface } from "node:readline/promises";

/** ^C at a question; the message says what has not been done. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode = 130;
}

/** Asks the person at the terminal. */
export interface Prompter {
  /**
   * One line, without its end; undefined when there is nobody to answer any more (^D).
   *
   * @throws Interrupted at ^C, unless the command listens to that itself
   */
  ask(
    label: string,
    options: { readonly isSecret: boolean; readonly signal: AbortSignal },
  ): Promise<string | undefined>;
}

type Terminal = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
};

/** The terminal that this command was typed at; undefined in scripts and pipelines. Stdout is the result's alone. */
export function openTerminal(
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Prompter | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return {
    async ask(label, { isSecret, signal }) {
      let isMuted = false;
      const shown = new Writable({
        write(chunk: Buffer, _encoding, done) {
          if (!isMuted) output.write(chunk);
          done();
        },
      });
      const lines = createInterface({ input, output: shown, terminal: true });
      // The terminal is raw while it is asked, so that ^C comes as a character.
      const interrupted = new Promise<never>((_, refuse) => {
        lines.once("SIGINT", () => {
          if (process.listenerCount("SIGINT") > 0) process.kill(process.pid, "SIGINT");
          else refuse(new Interrupted("Nothing was changed."));
        });
      });
      const closed = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
      try {
        const answer = lines.question(label, { signal });
        isMuted = isSecret;
        return await Promise.race([answer, closed, interrupted]);
      } catch (error) {
        // What is said of it begins a line.
        if (!isSecret) output.write("\n");
        throw error;
      } finally {
        lines.close();
        if (isSecret) output.write("\n");
      }
    },
  };
}
