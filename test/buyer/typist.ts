import type { Prompter } from "../../cli/terminal.ts";

/** Types the lines one after the other; then there is nobody any more. */
export function typist(...lines: string[]): Prompter & { readonly labels: string[] } {
  const labels: string[] = [];
  return {
    labels,
    ask: (label) => {
      labels.push(label);
      return Promise.resolve(lines.shift());
    },
  };
}
