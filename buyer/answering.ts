import { createHash } from "node:crypto";
import type { AgentApi } from "./agent-api.ts";
import { type Field, type JobStatus, inputSchema } from "./agent-wire.ts";
import type { HireEvent } from "./events.ts";
import { canonicalJson, inputHash } from "./hashes.ts";
import { HireError, goOnWith, listed } from "./hire-error.ts";
import type { Hire } from "./hire-file.ts";
import { type Entered, type InputData, fitInput } from "./inputs.ts";

/** What an agent asks in the middle of a job. */
export interface Question {
  readonly fields: readonly Field[];
  /** The input schema as the agent spells it. */
  readonly schema: unknown;
  /** Of the status, by which an answer names the question; some agents have none. */
  readonly statusId: string | undefined;
}

/** Whoever answers what an agent asks. */
export interface Respondent {
  /** Return the answer, each field as its type wants it; undefined when nobody answers (any more). */
  answer(question: Question, signal: AbortSignal): Promise<InputData | undefined>;
}

/** Return the question of a job that waits for input; undefined if the agent does not say in MIP-003's way what it wants. */
export function questionOf({ status, id, input_schema: schema }: JobStatus): Question | undefined {
  if (status !== "awaiting_input" || schema == null) return undefined;
  const read = inputSchema.safeParse(schema);
  if (!read.success || read.data.length === 0) return undefined;
  return { fields: read.data, schema, statusId: id ?? undefined };
}

/** How POST /provide_input says which question is meant: as MIP-003 has it, or by the schema's hash where there is no id. */
const naming = ({ statusId, schema }: Question): Readonly<Record<string, string>> =>
  statusId === undefined
    ? { input_schema_hash: createHash("sha256").update(canonicalJson(schema)).digest("hex") }
    : { status_id: statusId };

export interface AnsweringOptions {
  /** An answer that was given beforehand; it answers the first question. */
  readonly answer: Entered | undefined;
  /** Who answers all others; undefined: nobody. */
  readonly respondent: Respondent | undefined;
  readonly onEvent: (event: HireEvent) => void;
}

/** An answer that fits, on its way to the agent. */
interface Ready {
  readonly question: string;
  readonly input: InputData;
  tries: number;
}

const MOST_TRIES = 5;

/** Answers what an agent asks in the middle of a job: by what was given beforehand at first, then by the respondent. */
export class Answering {
  readonly #respondent: Respondent | undefined;
  readonly #onEvent: (event: HireEvent) => void;
  #given: Entered | undefined;
  #ready: Ready | undefined;
  /** The status that was answered last, which an agent may show a moment longer. */
  #answered: string | undefined;

  constructor({ answer, respondent, onEvent }: AnsweringOptions) {
    this.#given = answer;
    this.#respondent = respondent;
    this.#onEvent = onEvent;
  }

  /** Whether an answer was given beforehand that no question has asked for yet. */
  get isLeft(): boolean {
    return this.#given !== undefined;
  }

  /**
   * Answer the question, and return false if nobody does. A lost answer is sent again by the next call, while the agent
   * still asks the same.
   *
   * @throws HireError HIRE_ANSWER_INVALID, HIRE_AGENT_UNREACHABLE
   */
  async answer(agent: AgentApi, hire: Hire, question: Question, signal: AbortSignal): Promise<boolean> {
    if (question.statusId !== undefined && question.statusId === this.#answered) return true;
    const key = JSON.stringify(naming(question));
    if (this.#ready?.question !== key) {
      const input = this.#takeGiven(hire, question) ?? (await this.#respondent?.answer(question, signal));
      if (!input) return false;
      this.#ready = { question: key, input, tries: 0 };
    }
    await this.#send(agent, hire, question, this.#ready, signal);
    return true;
  }

  #takeGiven(hire: Hire, { fields }: Question): InputData | undefined {
    if (!this.#given) return undefined;
    const { input, problems } = fitInput(fields, this.#given);
    this.#given = undefined;
    if (problems.length === 0) return input;
    throw stillOpen(hire, `The answer does not fit the question; it was not sent.${listed(problems)}`);
  }

  async #send(
    agent: AgentApi,
    hire: Hire,
    question: Question,
    ready: Ready,
    signal: AbortSignal,
  ): Promise<void> {
    ready.tries += 1;
    const body = { job_id: hire.jobId, ...naming(question), input_data: ready.input };
    try {
      const hash = await agent.provideInput(body, signal);
      const ours = inputHash(hire.purchase?.identifierFromPurchaser ?? "", ready.input);
      this.#onEvent({ kind: "answer-sent", isUnderstood: hash === undefined || hash === ours });
      this.#answered = question.statusId;
      this.#ready = undefined;
    } catch (error) {
      if (!(error instanceof HireError)) throw error;
      if (error.code === "HIRE_AGENT_UNREACHABLE" && ready.tries < MOST_TRIES) return;
      this.#ready = undefined;
      if (!this.#respondent) throw stillOpen(hire, `The agent did not accept the answer. ${error.what}`);
      this.#onEvent({ kind: "answer-refused", what: error.what });
    }
  }
}

const stillOpen = (hire: Hire, what: string) =>
  new HireError(
    "HIRE_ANSWER_INVALID",
    what,
    `${what.includes("\n") ? "\n" : ""}See the question, and answer it, with: ${goOnWith(hire)}`,
    { isOpen: true },
  );
