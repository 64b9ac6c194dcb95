import {
  type Entered,
  HireError,
  type HireEvent,
  type HireOptions,
  type HireReport,
  hireAgent,
  hireIds,
  hiredAgent,
  isOrder,
  loadHire,
  notStarted,
  resumeHire,
} from "../../buyer/index.ts";
import { printable } from "../../providers/common/printable.ts";
import type { Project } from "../../stacks/project.ts";
import { UserError } from "../../stacks/user-error.ts";
import { readEntered } from "../hire/entered.ts";
import { EXIT, exitCodeOf, showHire } from "../hire/show.ts";
import { operatorNotes } from "../hire/operator.ts";
import { inputFrom, respondentAt } from "../hire/respondent.ts";
import { Interrupted, openTerminal } from "../terminal.ts";
import { eventText } from "../hire/text.ts";
import { hireFolder, openAccount, readMaxDays, readWish } from "../hire/wish.ts";
import { readMarket } from "../../stacks/network.ts";
import { listenToInterruptions } from "../interruption.ts";
import { count, printJson, printProgress } from "../text.ts";

export interface HireFlags {
  readonly stack: string;
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly answer?: readonly string[];
  readonly maxPrice?: readonly string[];
  readonly maxDays: string;
  readonly paymentService?: string;
  readonly resume?: string;
  readonly refund?: boolean;
  readonly list?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

interface Patience {
  /** Ends a wait at ^C or when the time is over; what it waited for goes on. */
  readonly signal: AbortSignal;
  readonly interrupted: AbortSignal;
  readonly stop: () => void;
}

function patience(minutes: string): Patience {
  const allowed = Number(minutes);
  if (!(allowed > 0 && allowed <= 7 * 24 * 60)) {
    throw new UserError(`--timeout ${minutes}: expected minutes, more than 0 and at most a week.`);
  }
  const interrupted = new AbortController();
  const stop = listenToInterruptions({
    onFirst: () => interrupted.abort(),
    onImpatience: () => process.exit(130),
    // Stdout gets the result alone, which is kept.
    goesOnUnread: true,
  });
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(allowed * 60_000)]);
  return { signal, interrupted: interrupted.signal, stop };
}

/** `hire`: has an agent do a job, pays for it, and shows the result. */
export async function hire(project: Project, agent: string | undefined, flags: HireFlags): Promise<number> {
  if (flags.list) return listHires(project, flags.json === true);
  if (flags.refund && !flags.resume) throw new UserError("--refund needs --resume <id>: the hire to refund.");
  if ((agent === undefined) === (flags.resume === undefined)) {
    throw new UserError("Name an agent to hire, or a hire to continue with --resume <id>.");
  }
  const answer = flags.answer && readEntered(flags.answer, undefined, "--answer");
  const { signal, interrupted, stop } = patience(flags.timeout);
  const options = { ...hireOptions(project, signal, answer), wantsRefund: flags.refund === true };
  const notes = operatorNotes(project);
  const onEvent = (event: HireEvent) => {
    options.onEvent(event);
    notes.hear(event);
  };
  try {
    const report =
      flags.resume === undefined
        ? await hireNew(project, agent ?? "", flags, { ...options, onEvent })
        : await resumeHire(flags.resume, { ...options, onEvent });
    if (flags.json) printJson(report);
    else showHire(report);
    return exitCodeOf(report);
  } catch (error) {
    const isUntouched = error instanceof HireError && error.code === "HIRE_STILL_RUNNING" && !error.isOpen;
    throw interrupted.aborted && isUntouched ? new Interrupted("Nothing was started.") : error;
  } finally {
    stop();
    await notes.shown();
  }
}

/** Return how this terminal hires: who pays, who answers, and where it is shown. */
const hireOptions = (project: Project, signal: AbortSignal, answer: Entered | undefined): HireOptions => ({
  folder: hireFolder(project),
  openAccount: (name) => openAccount(project, name, { env: process.env, signal }),
  readMarket: (stack) => readMarket(project, stack),
  answer,
  askInput: inputFrom(openTerminal(), printProgress),
  respondent: respondentAt(openTerminal(), printProgress),
  onEvent: (event) => eventText(event).forEach(printProgress),
  signal,
});

async function hireNew(
  project: Project,
  agent: string,
  { stack, paymentService, input = [], inputs, maxPrice = [], maxDays: days }: HireFlags,
  options: HireOptions,
): Promise<HireReport> {
  const entered = readEntered(input, inputs);
  const maxDays = readMaxDays(days);
  const { signal } = options;
  const call = { env: process.env, signal };
  const wanted = { agent, stack, paymentService, entered, maxPrice, maxDays };
  const wish = await readWish(project, wanted, call).catch((error: unknown) => {
    throw signal.aborted ? notStarted() : error;
  });
  return hireAgent(wish, options);
}

function listHires(project: Project, json: boolean): number {
  const folder = hireFolder(project);
  const hires = hireIds(folder)
    .map((id) => loadHire(folder, id))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  if (json) {
    printJson({
      version: 1,
      hires: hires.map((hire) => {
        const { id, startedAt, stack } = hire;
        const begun = !isOrder(hire);
        return { id, agent: hiredAgent(hire), price: begun ? hire.price : null, startedAt, stack, begun };
      }),
    });
    return EXIT.result;
  }
  for (const hire of hires) {
    const { id, agent, startedAt } = hire;
    const price = isOrder(hire) ? "no answer of the agent yet" : (hire.price ?? "free");
    process.stdout.write(`${id}  ${startedAt}  ${printable(agent.name)}  ${price}\n`);
  }
  printProgress(
    hires.length === 0
      ? "This project has no hires."
      : `${count(hires.length, "hire")}. Look at one with: npx masumi-agents hire --resume <id>`,
  );
  return EXIT.result;
}
