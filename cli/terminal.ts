import { Writable } from "node:stream";
import { createInterface } from "node:readline/promises";

/** Asks the person at the terminal. */
export interface Prompter {
  /** One line, without its end; undefined when there is nobody to answer any more (^D). */
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
      lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
      const closed = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
      try {
        const answer = lines.question(label, { signal });
        isMuted = isSecret;
        return await Promise.race([answer, closed]);
      } finally {
        lines.close();
        if (isSecret) output.write("\n");
      }
    },
  };
}
