/**
 * How a command learns that it is to end before its time: ^C, another signal, or nobody reads its output any more.
 *
 * A signal to a whole process group (`timeout`, a closed terminal) comes to this process, to its launcher and to npx, which both hand
 * on what they get. So several signals are one interruption, and only a second SIGINT means impatience: the launcher hands on SIGTERM.
 */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Listeners {
  /** Called once; whether a signal came, or only the reader of stdout has gone, who expects no word. */
  readonly onFirst: (wasSignalled: boolean) => void;
  /** ^C again. */
  readonly onImpatience: () => void;
  /** Nothing is lost by going on without a reader of stdout. */
  readonly goesOnUnread?: boolean;
}

/** Listen to interruptions instead of ending at once; returns how to stop listening. */
export function listenToInterruptions({
  onFirst,
  onImpatience,
  goesOnUnread = false,
}: Listeners): () => void {
  let isInterrupted = false;
  let presses = 0;
  const interrupt = (wasSignalled: boolean): void => {
    if (!isInterrupted) onFirst(wasSignalled);
    isInterrupted = true;
  };
  const onUnread = (): void => interrupt(false);
  const onSignal = (signal: NodeJS.Signals): void => {
    presses += signal === "SIGINT" ? 1 : 0;
    if (presses > 1) onImpatience();
    else interrupt(true);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  if (!goesOnUnread) closed.addEventListener("abort", onUnread, { once: true });
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    closed.removeEventListener("abort", onUnread);
  };
}

const closing = new AbortController();
/** Aborts when nobody reads stdout any more. */
const closed: AbortSignal = closing.signal;

/** The reader has gone (`| head`), or the terminal was closed. */
const NOBODY_READS = new Set(["EPIPE", "EIO", "ECONNRESET"]);

/** Have output that nobody reads any more end the command in order, without a word; any other failure to write is one. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!NOBODY_READS.has(error.code ?? "")) {
        process.stderr.write(`The output cannot be written: ${error.message}\n`);
        process.exit(1);
      }
      if (stream === process.stdout) closing.abort();
    });
  }
}
