import type { Writable } from "node:stream";
import type { EngineEvent } from "../types.ts";
import { LiveDisplay } from "./live.ts";
import { PlainDisplay } from "./plain.ts";

export interface DisplayOptions {
  readonly stream: Writable & { readonly columns?: number };
  /** A terminal, where lines can be drawn over: what runs is kept up to date at the bottom. Else plain lines, as they happen. */
  readonly interactive: boolean;
  readonly colour: boolean;
  /** Previews show every input of what would change, and what would change in it. */
  readonly diff?: boolean;
}

/** Shows a run as the CLI does; to be given to a run as `onEvent`. One display shows one run after the other. */
export function createDisplay(options: DisplayOptions): (event: EngineEvent) => void {
  const display = options.interactive ? new LiveDisplay(options) : new PlainDisplay(options);
  return (event) => display.show(event);
}
