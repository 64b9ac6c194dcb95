import { UserError } from "../stacks/user-error.ts";
import { printable } from "../providers/printable.ts";
import type { AgentApi } from "./agent-api.ts";
import type { Field } from "./agent-wire.ts";
import { EXIT, HireError, listed } from "./errors.ts";
import { inputHash } from "./hashes.ts";
import type { Hire } from "./hire-file.ts";
import { type Entered, type InputData, fitted } from "./inputs.ts";
import { isList } from "./input-values.ts";
import { type Question, descriptionOf, goOnWith, naming } from "./question.ts";
import type { Prompter } from "../cli/terminal.ts";

export interface AnsweringOptions {
  /** What was given with --answer; it answers one question. */
  readonly given: Entered;
  /** Who sits at the terminal, if there is one. */
  readonly prompter: Prompter | undefined;
  readonly say: (line: string) => void;
}

/** An answer that fits, on its way to the agent. */
interface Ready {
  readonly question: string;
  readonly input: InputData;
  tries: number;
}

const MOST_TRIES = 5;

/** Answers what an agent asks in the middle of a job: by --answer at first, then by who sits at the terminal. */
export class Answering {
  readonly #prompter: Prompter | undefined;
  readonly #say: (line: string) => void;
  #given: Entered | undefined;
  #ready: Ready | undefined;
  /** The status that was answered last, which an agent may show a moment longer. */
  #answered: string | undefined;

  constructor({ given, prompter, say }: AnsweringOptions) {
    this.#given = given.texts.size > 0 || Object.keys(given.values).length > 0 ? given : undefined;
    this.#prompter = prompter;
    this.#say = say;
  }

  /** Whether something was given with --answer that no question has asked for yet. */
  get isLeft(): boolean {
    return this.#given !== undefined;
  }

  /**
   * Answers the question, if anybody does: false if not. A lost answer is sent again by the next call, while the agent
   * still asks the same.
   *
   * @throws HireError HIRE_ANSWER_INVALID, HIRE_AGENT_UNREACHABLE
   */
  async answer(agent: AgentApi, hire: Hire, question: Question, signal: AbortSignal): Promise<boolean> {
    if (question.statusId !== undefined && question.statusId === this.#answered) return true;
    const key = JSON.stringify(naming(question));
    if (this.#ready?.question !== key) {
      const input = this.#fromOptions(hire, question) ?? (await this.#fromTerminal(question, signal));
      if (!input) return false;
      this.#ready = { question: key, input, tries: 0 };
    }
    await this.#send(agent, hire, question, this.#ready, signal);
    return true;
  }

  #fromOptions(hire: Hire, { fields }: Question): InputData | undefined {
    if (!this.#given) return undefined;
    const { input, problems } = fitted(fields, this.#given);
    this.#given = undefined;
    if (problems.length === 0) return input;
    throw stillOpen(hire, `The answer does not fit what the agent asks; it was not sent.${listed(problems)}`);
  }

  async #fromTerminal({ fields }: Question, signal: AbortSignal): Promise<InputData | undefined> {
    if (!this.#prompter) return undefined;
    this.#say("The agent asks:");
    const input: Record<string, unknown> = {};
    for (const field of fields) {
      for (const line of descriptionOf(field)) this.#say(line);
      if (field.type === "none" || field.type === "hidden") continue;
      const answer = await this.#askFor(field, this.#prompter, signal);
      if (!answer) return undefined;
      Object.assign(input, answer);
    }
    return input;
  }

  /** One field, until what is typed fits. */
  async #askFor(field: Field, prompter: Prompter, signal: AbortSignal): Promise<InputData | undefined> {
    for (const [index, choice] of (field.data?.values ?? []).entries())
      this.#say(`  ${index}  ${printable(choice)}`);
    const label = `${printable(field.name || field.id)}: `;
    for (;;) {
      const line = await prompter.ask(label, { isSecret: field.type === "password", signal });
      if (line === undefined) return undefined;
      const problem = this.#fit(field, line);
      if (typeof problem === "object") return problem;
      this.#say(problem);
    }
  }

  /** What was typed as the field wants it, or why it does not fit. */
  #fit(field: Field, line: string): InputData | string {
    const parts = isList(field) ? line.split(",").map((part) => part.trim()) : [line];
    try {
      const texts = parts.filter((part) => part !== "");
      const { input, problems } = fitted([field], { texts: new Map([[field.id, texts]]), values: {} });
      return problems.length > 0 ? problems.join("\n") : input;
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
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
      this.#say("The answer is sent.");
      if (hash !== undefined && hash !== ours) {
        this.#say("The agent has another hash of it than this command: it may not have understood the same.");
      }
      this.#answered = question.statusId;
      this.#ready = undefined;
    } catch (error) {
      if (!(error instanceof HireError)) throw error;
      if (error.code === "HIRE_AGENT_UNREACHABLE" && ready.tries < MOST_TRIES) return;
      this.#ready = undefined;
      if (!this.#prompter) throw stillOpen(hire, `The agent did not take the answer. ${error.what}`);
      this.#say(`The agent did not take the answer. ${error.what}`);
    }
  }
}

const stillOpen = (hire: Hire, what: string) =>
  new HireError(
    "HIRE_ANSWER_INVALID",
    what,
    `${what.includes("\n") ? "\n" : ""}See what is asked, and answer, with: ${goOnWith(hire)}`,
    EXIT.running,
  );
