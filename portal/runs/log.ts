import { Writable } from "node:stream";
import { type EngineEvent, createDisplay } from "../../local/engine/index.ts";
import { printableLines } from "../../providers/common/printable.ts";
import type { RunEvent } from "../../stacks/index.ts";
import { addToLog } from "../database/runs.ts";
import type { Database } from "../database/database.ts";

const WRITE_EACH_MS = 500;
/** What a longer log has more is left out, which it says. */
const LONGEST = 1_000_000;

/** Keeps what a run prints, as the command line would show it. */
export class RunLog {
  readonly #database: Database;
  readonly #id: string;
  readonly #display: ((event: EngineEvent) => void) | undefined;
  #waiting = "";
  #length = 0;
  #written: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** @param isPrinted whether the run prints what happens by itself, as the real Pulumi CLI does */
  constructor(database: Database, id: string, { isPrinted = false } = {}) {
    this.#database = database;
    this.#id = id;
    if (isPrinted) return;
    const stream = new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        this.add(text);
        done();
      },
    });
    this.#display = createDisplay({ stream, interactive: false, colour: false });
  }

  hear(event: RunEvent): void {
    if (event.kind === "output") this.add(event.text);
    // The outputs are long, and are read where they are kept.
    else this.#display?.(event.kind === "run-end" ? { ...event, outputs: {}, outputChanges: [] } : event);
  }

  add(text: string): void {
    if (this.#length > LONGEST) return;
    this.#length += text.length;
    // Whoever reads it in a terminal is sent no commands by what an agent's author wrote.
    this.#waiting += this.#length > LONGEST ? "\nThe rest of this log is left out.\n" : printableLines(text);
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_EACH_MS);
  }

  /** Resolves when all is written. */
  async settled(): Promise<void> {
    await this.#write();
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    this.#waiting = "";
    if (text === "") return this.#written;
    this.#written = this.#append(this.#written, text);
    return this.#written;
  }

  /** A log that cannot be written is no reason to stop a run that registers agents. */
  async #append(before: Promise<void>, text: string): Promise<void> {
    await before;
    await addToLog(this.#database, this.#id, text).catch(() => undefined);
  }
}
