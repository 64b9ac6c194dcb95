import type { Writable } from "node:stream";

export interface DisplayOptions {
  readonly stream: Writable & { readonly columns?: number };
  /** A terminal, where lines can be drawn over: what runs is kept up to date at the bottom. Else plain lines, as they happen. */
  readonly interactive: boolean;
  readonly colour: boolean;
  /** Previews show every input of what would change, and what would change in it. */
  readonly diff?: boolean;
}
