import type { EngineEvent, StepOp } from "../types.ts";
import { diffLines } from "./diff.ts";
import type { DisplayOptions } from "./options.ts";
import { changeLines, messageLines, outputLines, stepLine, summaryLines } from "./lines.ts";
import { HEADERS, labelOfUrn, OP_WORDS, type Paint, painter } from "./words.ts";

/** Where nothing has been printed for so long, a waiting resource says how it stands: logs stay short, and no pipeline looks dead. */
const SILENCE_MILLISECONDS = 20_000;

const HALVES: ReadonlySet<StepOp> = new Set(["create-replacement", "delete-replaced"]);

/** Lines that are never drawn over: for pipes, logs and CI. */
export class PlainDisplay {
  protected readonly paint: Paint;
  readonly #options: DisplayOptions;
  #lastPrinted = 0;
  #lastLine = "";
  #errors = 0;

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.paint = painter(options.colour);
  }

  show(event: EngineEvent): void {
    switch (event.kind) {
      case "run-start":
        this.#errors = 0;
        this.#lastPrinted = event.time;
        this.print([this.paint("bold", `${HEADERS[event.operation]} (${event.stack}):`), ""]);
        break;
      case "step-planned":
        if (event.step.op !== "same" && this.#options.diff === true) {
          // The halves of a replacement would say the same as the whole.
          if (!HALVES.has(event.step.op)) this.print(diffLines(event.step, this.paint));
        } else if (event.step.op !== "same") {
          this.print([stepLine(event.step, OP_WORDS[event.step.op].planned, undefined, this.paint)]);
          if (!HALVES.has(event.step.op)) this.print(changeLines(event.step.changes ?? [], this.paint));
        }
        break;
      case "step-start":
        this.stepStarted(event);
        break;
      case "step-end":
        this.stepEnded(event);
        break;
      case "diagnostic":
        this.#diagnostic(event);
        break;
      case "run-end":
        this.runEnded(event);
        break;
    }
  }

  protected print(lines: readonly string[]): void {
    this.#lastPrinted = Date.now();
    this.#lastLine = lines.at(-1) ?? this.#lastLine;
    for (const line of lines) this.#options.stream.write(`${line}\n`);
  }

  /** A step is a line when it has ended. */
  protected stepStarted(_event: Extract<EngineEvent, { kind: "step-start" }>): void {}

  protected stepEnded({ step, ok, milliseconds }: Extract<EngineEvent, { kind: "step-end" }>): void {
    if (step.op === "same") return;
    const { running, done } = OP_WORDS[step.op];
    this.print([
      stepLine(step, ok ? done : this.paint("red", `**${running} failed**`), milliseconds, this.paint),
    ]);
  }

  /** A passing status message of a resource. */
  protected status(urn: string, message: string, time: number): void {
    if (time - this.#lastPrinted < SILENCE_MILLISECONDS) return;
    this.print([`    ${labelOfUrn(urn)}: ${message}`]);
  }

  protected runEnded(event: Extract<EngineEvent, { kind: "run-end" }>): void {
    const gap = this.#lastLine === "" ? [] : [""];
    this.print([...gap, ...outputLines(event, this.paint), ...summaryLines(event, this.#errors, this.paint)]);
  }

  /** Said once, when it is known: what happens meanwhile may take an hour. */
  #diagnostic(event: Extract<EngineEvent, { kind: "diagnostic" }>): void {
    if (event.severity === "debug") return;
    if (event.ephemeral) {
      if (event.urn !== undefined) this.status(event.urn, event.message, event.time);
      return;
    }
    if (event.severity === "error") this.#errors += 1;
    const [first = "", ...rest] = messageLines(event, this.paint);
    const label = event.urn === undefined ? "" : `${labelOfUrn(event.urn)}: `;
    this.print([`    ${label}${first}`, ...rest.map((line) => `    ${line}`)]);
  }
}
