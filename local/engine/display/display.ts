import type { EngineEvent } from "../types.ts";
import { LiveDisplay } from "./live.ts";
import type { DisplayOptions } from "./options.ts";
import { PlainDisplay } from "./plain.ts";
import { printableMessage } from "./printable.ts";

/** Shows a run as the CLI does; to be given to a run as `onEvent`. One display shows one run after the other. */
export function createDisplay(options: DisplayOptions): (event: EngineEvent) => void {
  const display = options.interactive ? new LiveDisplay(options) : new PlainDisplay(options);
  return (event) =>
    display.show(
      event.kind === "diagnostic" ? { ...event, message: printableMessage(event.message) } : event,
    );
}
