import type { EngineEvent, StepInfo } from "../types.ts";
import type { DisplayOptions } from "./options.ts";
import { PlainDisplay } from "./plain.ts";
import { duration, labelOf, OP_WORDS } from "./words.ts";

const REDRAW_MILLISECONDS = 500;
const MAX_ROWS = 20;
const DEFAULT_COLUMNS = 100;

interface Row {
  readonly step: StepInfo;
  readonly since: number;
  status: string;
}

/**
 * For a terminal: what has ended scrolls by as in the plain display; below it, always up to date, stands what runs: since when, and the
 * last that its provider said about it.
 */
export class LiveDisplay extends PlainDisplay {
  readonly #stream: DisplayOptions["stream"];
  readonly #rows = new Map<number, Row>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DisplayOptions) {
    super(options);
    this.#stream = options.stream;
  }

  override show(event: EngineEvent): void {
    super.show(event);
    if (event.kind === "step-start" || event.kind === "step-end") this.#redraw();
  }

  protected override print(lines: readonly string[]): void {
    this.#erase();
    super.print(lines);
    this.#draw();
  }

  protected override stepStarted({ step, time }: Extract<EngineEvent, { kind: "step-start" }>): void {
    if (step.op === "same" || step.op === "replace") return;
    this.#rows.set(step.step, { step, since: time, status: "" });
    this.#timer ??= setInterval(() => this.#redraw(), REDRAW_MILLISECONDS).unref();
  }

  protected override stepEnded(event: Extract<EngineEvent, { kind: "step-end" }>): void {
    this.#rows.delete(event.step.step);
    super.stepEnded(event);
    if (this.#rows.size === 0) this.#stopTimer();
  }

  protected override status(urn: string, message: string): void {
    for (const row of this.#rows.values()) if (row.step.urn === urn) row.status = message;
    this.#redraw();
  }

  protected override runEnded(event: Extract<EngineEvent, { kind: "run-end" }>): void {
    this.#rows.clear();
    this.#stopTimer();
    this.#erase();
    super.runEnded(event);
  }

  #redraw(): void {
    this.#erase();
    this.#draw();
  }

  #draw(): void {
    const rows = [...this.#rows.values()];
    const now = Date.now();
    const columns = this.#stream.columns || DEFAULT_COLUMNS;
    for (const { step, since, status } of rows.slice(0, MAX_ROWS)) {
      const { symbol, style, running } = OP_WORDS[step.op];
      const text = ` ${symbol} ${labelOf(step)}  ${running} ${duration(now - since)}${status === "" ? "" : `  ${status}`}`;
      this.#stream.write(`${this.paint(style, text.replaceAll("\n", " ").slice(0, columns - 1))}\n`);
    }
    if (rows.length > MAX_ROWS) this.#stream.write(`    … and ${rows.length - MAX_ROWS} more\n`);
    this.#drawn = Math.min(rows.length, MAX_ROWS + 1);
  }

  /** Back to where the running steps were drawn, and everything from there on cleared. */
  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001B[${this.#drawn}A\u001B[J`);
    this.#drawn = 0;
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
