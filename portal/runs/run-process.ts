/** A program: runs one `up` for the portal that started it, tells it what happens, and ends with it. */
import { type RunEvent, type StackRun, isLocalStack, openProject, runStack } from "../../stacks/index.ts";

/** What the run is told at its start. */
export interface RunOrder {
  /** The project's folder. */
  readonly root: string;
  readonly stack: string;
  readonly refresh: boolean;
}

/** What a portal tells its run. */
export type ToRun = { readonly kind: "begin"; readonly order: RunOrder } | { readonly kind: "end-early" };

/** What a run tells its portal. */
export type FromRun =
  | { readonly kind: "event"; readonly event: RunEvent }
  | { readonly kind: "ended"; readonly run: Pick<StackRun, "exitCode" | "changes"> }
  | { readonly kind: "failed"; readonly message: string };

const ended = new AbortController();
let stack: string | undefined;
/** A portal that was killed hears nothing, which is told by the end of the connection. */
const tell = (message: FromRun): void => void (process.connected && process.send?.(message, () => undefined));
/** The last word: what was told before it is on its way by then, too. */
function end(message: FromRun): void {
  if (!process.connected) process.exit();
  process.send?.(message, () => process.disconnect());
}

async function run({ root, stack, refresh }: RunOrder): Promise<void> {
  const request = { stack, operation: "up", refresh, signal: ended.signal } as const;
  const onEvent = (event: RunEvent) => tell({ kind: "event", event });
  try {
    const { exitCode, changes } = await runStack(openProject(root), request, { env: process.env, onEvent });
    end({ kind: "ended", run: { exitCode, changes } });
  } catch (error) {
    end({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

process.on("message", (message: ToRun) => {
  if (message.kind === "end-early") ended.abort();
  else {
    stack = message.order.stack;
    void run(message.order);
  }
});
// Without a portal nobody holds the fleet. The embedded engine may end anywhere; the CLI ends in order, since it would leave the
// stack locked, and is asked for no more.
process.once("disconnect", () =>
  stack === undefined || isLocalStack(stack) ? process.exit() : ended.abort(),
);
// ^C is the portal's to handle, which then asks its runs to end.
process.on("SIGINT", () => undefined);
