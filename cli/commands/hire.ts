import { printable } from "../../providers/printable.ts";
import { count, printJson } from "../text.ts";
import type { Project } from "../../stacks/project.ts";
import { AgentApi, isLoopback } from "../../buyer/agent-api.ts";
import { openPurchases } from "../../buyer/buyer.ts";
import { Answering } from "../../buyer/answering.ts";
import { EXIT, HireError } from "../../buyer/errors.ts";
import { type Following, followFree, followPaid } from "../../buyer/follow.ts";
import { type Hire, hireIds, isPaid, loadHire, saveHire } from "../../buyer/hire-file.ts";
import { readEntered } from "../../buyer/inputs.ts";
import { goOnWith, waitingQuestion } from "../../buyer/question.ts";
import { type HireReport, exitCodeOf, refundStands } from "../../buyer/report.ts";
import { type HireRequest, beginHire } from "../../buyer/start.ts";
import { openTerminal } from "../terminal.ts";
import { UserError } from "../../stacks/user-error.ts";

export interface HireFlags {
  readonly stack: string;
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly answer?: readonly string[];
  readonly maxPrice?: readonly string[];
  readonly paymentService?: string;
  readonly resume?: string;
  readonly refund?: boolean;
  readonly list?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

/** Between two looks; what is on this machine costs nothing to ask, and its chain may be faster than any real one. */
const LOCAL_POLL_MS = 250;
const POLL_MS = 5_000;

/** Ends a wait at ^C or when the time is over; what it waited for goes on. */
function patience(minutes: string): { readonly signal: AbortSignal; readonly stop: () => void } {
  const allowed = Number(minutes);
  if (!(allowed > 0 && allowed <= 7 * 24 * 60)) {
    throw new UserError(`--timeout ${minutes}: expected minutes, more than 0 and at most a week.`);
  }
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  return {
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(allowed * 60_000)]),
    stop: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}

/** `hire`: has an agent do a job, pays for it, and shows the result. */
export async function hire(project: Project, agent: string | undefined, flags: HireFlags): Promise<number> {
  if (flags.list) return listHires(project, flags.json === true);
  if (flags.refund && !flags.resume)
    throw new UserError("--refund needs --resume <id>: the hire whose money is meant.");
  if ((agent === undefined) === (flags.resume === undefined)) {
    throw new UserError("Name an agent to hire, or a hire to go on with by --resume <id>.");
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const given = readEntered(flags.answer ?? [], undefined, "--answer");
  const answering = new Answering({ given, prompter: openTerminal(), say });
  const { signal, stop } = patience(flags.timeout);
  const watch = { say, signal, answering };
  try {
    const report =
      flags.resume === undefined
        ? await hireAgent(requestOf(project, agent ?? "", flags, watch))
        : await resumeHire(project, flags.resume, { ...watch, wantsRefund: flags.refund === true });
    if (answering.isLeft) say("The agent asked nothing: --answer was not used.");
    return show(report, flags.json === true);
  } finally {
    stop();
  }
}

type Watch = Pick<HireRequest, "say" | "signal"> & { readonly answering: Answering };

const requestOf = (project: Project, agent: string, flags: HireFlags, watch: Watch): HireRequest & Watch => ({
  project,
  agent,
  stack: flags.stack,
  paymentService: flags.paymentService,
  entered: readEntered(flags.input ?? [], flags.inputs),
  maxPrice: flags.maxPrice ?? [],
  env: process.env,
  ...watch,
});

/** Hires an agent from the beginning to the end. What is needed to go on is on the disk before anything is paid. */
export async function hireAgent(request: HireRequest & Watch): Promise<HireReport> {
  const { project, signal } = request;
  const begun = await beginHire(request).catch((error: unknown) => {
    throw signal.aborted ? outOfPatience("Nothing was paid; run it again.", EXIT.failed) : error;
  });
  saveHire(project, begun.hire);
  return untilPatienceEnds(signal, begun.hire, async () => {
    if (!begun.purchases) return followFree(following(request, begun.agent, begun.hire));
    const { agent, hire, purchases } = begun;
    const purchase = await purchases.make(hire.purchase, signal);
    return followPaid({
      ...following(request, agent, hire, purchases.url),
      purchases,
      purchase,
      wantsRefund: false,
    });
  });
}

/** Goes on with a hire: looks whether it was paid, pays if it was not, and waits. */
export async function resumeHire(
  project: Project,
  id: string,
  { wantsRefund, ...watch }: Watch & { readonly wantsRefund: boolean },
): Promise<HireReport> {
  const hire = loadHire(project, id);
  const { signal } = watch;
  const agent = new AgentApi(hire.agent.url);
  if (!isPaid(hire)) {
    if (wantsRefund) throw new UserError("There is nothing to refund: the job is free.");
    return untilPatienceEnds(signal, hire, () => followFree(following(watch, agent, hire)));
  }
  const { stack, paymentService } = hire;
  const purchases = await openPurchases({ project, stack, paymentService, env: process.env });
  return untilPatienceEnds(signal, hire, async () => {
    const found = await purchases.find(hire.purchase.blockchainIdentifier, signal);
    if (!found && wantsRefund)
      throw new UserError("There is nothing to refund: the purchase was never made.");
    const purchase = found ?? (await purchases.make(hire.purchase, signal));
    return followPaid({
      ...following(watch, agent, hire, purchases.url),
      purchases,
      purchase,
      wantsRefund,
    });
  });
}

const following = <H extends Hire>(
  { say, signal, answering }: Watch,
  agent: AgentApi,
  hire: H,
  ...services: string[]
): Following<H> => ({
  agent,
  hire,
  answering,
  say,
  signal,
  pollMs: [agent.url, ...services].every(isLoopback) ? LOCAL_POLL_MS : POLL_MS,
});

const outOfPatience = (remedy: string, exitCode: number) =>
  new HireError("HIRE_STILL_RUNNING", "The command ended before the job did.", remedy, exitCode);

/** Errors of what is under way say how to go on with it. */
async function untilPatienceEnds<T>(signal: AbortSignal, hire: Hire, work: () => Promise<T>): Promise<T> {
  const remedy = `Go on with: ${goOnWith(hire)}`;
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw outOfPatience(remedy, EXIT.running);
    if (error instanceof HireError && error.code === "HIRE_PURCHASE_UNCLEAR") error.message += ` ${remedy}`;
    throw error;
  }
}

function show(report: HireReport, json: boolean): number {
  if (json) printJson(report);
  else showHire(report);
  return exitCodeOf(report);
}

/** Prints the result on stdout, and what is to be known of it on stderr. */
export function showHire(report: HireReport): void {
  const { outcome, result, hashRule, agent, id } = report;
  if (result !== null) {
    // Anybody's text: it may command a program that reads it as it is, but not a terminal.
    const shown = process.stdout.isTTY ? result.split("\n").map(printable).join("\n") : result;
    process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  if (outcome === "refund") say(refundStands(report));
  if (outcome === "question") say(waitingQuestion(report));
  if (outcome === "result" && hashRule) {
    say(
      `The result's hash is the one on the chain (rule ${hashRule}). The seller is paid after ${report.purchase?.unlockTime}.`,
    );
  }
  if (outcome === "differs") {
    const { message } = new HireError(
      "HIRE_RESULT_DIFFERS",
      `The result of ${agent.url} is not the one whose hash is on the chain, by any rule.`,
      `To have your money back, dispute it before ${report.purchase?.unlockTime}: ` +
        `npx masumi-agents hire --resume ${id} --refund`,
    );
    say(message);
  }
}

function listHires(project: Project, json: boolean): number {
  const hires = hireIds(project)
    .map((id) => loadHire(project, id))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  if (json) {
    printJson({
      version: 1,
      hires: hires.map(({ id, agent, price, startedAt, stack }) => ({ id, agent, price, startedAt, stack })),
    });
    return EXIT.result;
  }
  for (const { id, agent, price, startedAt } of hires) {
    process.stdout.write(`${id}  ${startedAt}  ${printable(agent.name)}  ${price ?? "free"}\n`);
  }
  if (hires.length === 0) process.stderr.write("There are no hires here.\n");
  else
    process.stderr.write(
      `${count(hires.length, "hire")}. Look at one with: npx masumi-agents hire --resume <id>\n`,
    );
  return EXIT.result;
}
