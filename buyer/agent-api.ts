import { isLoopback, isLoopbackUrl } from "../providers/common/loopback.ts";
import axios, { isAxiosError } from "axios";
import type { z } from "zod";
import { printable } from "../providers/common/printable.ts";
import { redirectText } from "../providers/common/redirect.ts";
import {
  type Field,
  type JobStatus,
  type PaymentInformation,
  type StartedJob,
  agentCard,
  availability,
  inputSchema,
  jobStatus,
  paymentInformation,
  providedInput,
  refusal,
  startedJob,
} from "./agent-wire.ts";
import { HireError, listed } from "./hire-error.ts";

const READ_TIMEOUT_MS = 20_000;
/** The agent makes a payment at its payment service before it answers. */
const START_TIMEOUT_MS = 60_000;
const CARD = "/.well-known/agent-card.json";
/** A card is a file: an agent that has it answers at once. */
const CARD_TIMEOUT_MS = 5_000;
/** A declaration's disclosure is no longer. */
const LONGEST_DISCLOSURE = 500;
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
const LONGEST_MESSAGE = 300;
const GONE = 410;

/** Return what is wrong with an agent's URL; undefined if nothing is. */
export function agentUrlProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "this is not a URL.";
  }
  if (url.username || url.password || url.search || url.hash) {
    return "an agent's base URL has no credentials, query or fragment.";
  }
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return undefined;
  return "the input would travel unencrypted: use an https URL (plain http is for this machine only).";
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What an agent said, on one line and not longer than one reads. */
const quoted = (said: string): string =>
  `The agent says: ${printable(said)
    .slice(0, LONGEST_MESSAGE)
    .replace(/[.\s]*$/, ".")}`;

/** An agent's own API, as MIP-003 has it. Nothing is tried twice here: a lost answer of start_job may be a job. */
export class AgentApi {
  readonly url: string;

  /** `url` without a slash at its end. */
  constructor(url: string) {
    this.url = url;
  }

  /** @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED */
  async availability(signal: AbortSignal): Promise<z.output<typeof availability>> {
    return this.#read("/availability", availability, signal);
  }

  /** @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED */
  async fields(signal: AbortSignal): Promise<Field[]> {
    return this.#read("/input_schema", inputSchema, signal);
  }

  /** What the agent says of its payments before there is a job; undefined for agents that do not say. */
  async paymentInformation(signal: AbortSignal): Promise<PaymentInformation | undefined> {
    const route = "/payment_information";
    const answer = await this.#ask("GET", route, {}, READ_TIMEOUT_MS, signal);
    if ([404, 405, 501].includes(answer.status)) return undefined;
    return this.#parsed(route, answer, paymentInformation);
  }

  /** What the agent discloses of being an AI, on one line; undefined for agents whose card says nothing of it, or that have none. */
  async disclosure(signal: AbortSignal): Promise<string | undefined> {
    try {
      const { status, body } = await this.#ask("GET", CARD, {}, CARD_TIMEOUT_MS, signal);
      const said = status === 200 ? agentCard.safeParse(body).data : undefined;
      return said ? printable(said).slice(0, LONGEST_DISCLOSURE) : undefined;
    } catch (error) {
      // No job depends on a card.
      if (error instanceof HireError) return undefined;
      throw error;
    }
  }

  /**
   * Begins a job; paying for it is another matter. `key` is a secret: agents that know the header give the same job to
   * who sends it again, and to nobody else.
   *
   * @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED
   */
  async startJob(body: object, key: string, signal: AbortSignal): Promise<StartedJob> {
    const sent = { data: body, headers: { "Idempotency-Key": key } };
    const answer = await this.#ask("POST", "/start_job", sent, START_TIMEOUT_MS, signal);
    return this.#parsed("/start_job", answer, startedJob);
  }

  /** @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED, HIRE_RESULT_ERASED */
  async status(jobId: string, signal: AbortSignal): Promise<JobStatus> {
    const answer = await this.#ask("GET", "/status", { params: { job_id: jobId } }, READ_TIMEOUT_MS, signal);
    if (answer.status === GONE) throw resultErased(answer.body);
    return this.#parsed("/status", answer, jobStatus);
  }

  /** Answers a question of a job, and gives the hash of the answer. @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED */
  async provideInput(body: object, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#ask("POST", "/provide_input", { data: body }, READ_TIMEOUT_MS, signal);
    return this.#parsed("/provide_input", answer, providedInput).input_hash ?? undefined;
  }

  async #read<T>(route: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    return this.#parsed(route, await this.#ask("GET", route, {}, READ_TIMEOUT_MS, signal), schema);
  }

  async #ask(
    method: "GET" | "POST",
    route: string,
    more: {
      readonly params?: object;
      readonly data?: object;
      readonly headers?: Readonly<Record<string, string>>;
    },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const { status, data, headers } = await axios.request<unknown>({
        method,
        url: `${this.url}${route}`,
        ...more,
        signal: AbortSignal.any([signal, timeout]),
        maxRedirects: 0,
        maxContentLength: MAX_ANSWER_BYTES,
        validateStatus: () => true,
        ...(isLoopbackUrl(this.url) ? { proxy: false as const } : {}),
      });
      const redirect = redirectText(status, headers["location"]);
      if (redirect) throw unreachable(`${this.url}${route} answered with status ${status}${redirect}.`);
      return { status, body: data };
    } catch (error) {
      signal.throwIfAborted();
      if (!isAxiosError(error)) throw error;
      const reason = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : (error.code ?? "no answer");
      throw unreachable(`${this.url}${route}: ${reason}.`);
    }
  }

  #parsed<T>(route: string, { status, body }: Answer, schema: z.ZodType<T>): T {
    if (status >= 500 || (status >= 300 && status < 400)) {
      throw unreachable(`${this.url}${route} answered with status ${status}.${said(body)}`);
    }
    if (status >= 400) {
      throw new HireError(
        "HIRE_AGENT_REFUSED",
        `${this.url}${route} answered with status ${status}.${said(body)}`,
        "Nothing was paid.",
      );
    }
    const checked = schema.safeParse(body);
    if (checked.success) return checked.data;
    const [issue] = checked.error.issues;
    const where = issue ? ` (${[...issue.path.map(String), issue.message].join(": ")})` : "";
    throw unreachable(`${this.url}${route}: the answer is not as MIP-003 defines it${where}.`);
  }
}

const unreachable = (what: string) =>
  new HireError(
    "HIRE_AGENT_UNREACHABLE",
    what,
    "Check the agent's URL, or try again later; this step paid nothing.",
  );

const resultErased = (body: unknown) =>
  new HireError(
    "HIRE_RESULT_ERASED",
    `The agent no longer has the result.${said(body)}`,
    "Results have to be fetched in time; hire the agent again.",
  );

function said(body: unknown): string {
  const checked = refusal.safeParse(body);
  if (!checked.success) return "";
  const { message, detail, error, problems } = checked.data;
  const sentence = message || detail || error;
  const list = listed((problems ?? []).map((problem) => printable(problem).slice(0, LONGEST_MESSAGE)));
  return `${sentence ? ` ${quoted(sentence)}` : ""}${list}`;
}
