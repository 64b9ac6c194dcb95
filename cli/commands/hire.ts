import { count, printJson, printable } from "../text.ts";
import type { Project } from "../project.ts";
import { AgentApi, isLoopback } from "../hire/agent-api.ts";
import { openPurchases } from "../hire/buyer.ts";
import { EXIT, HireError } from "../hire/errors.ts";
import { followFree, followPaid } from "../hire/follow.ts";
import { hireIds, loadHire, saveHire } from "../hire/hire-file.ts";
import { readEntered } from "../hire/inputs.ts";
import { type HireReport, exitCodeOf, refundStands } from "../hire/report.ts";
import { type HireRequest, beginHire } from "../hire/start.ts";
import { UserError } from "../user-error.ts";

export interface HireFlags {
  readonly stack: string;
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly maxPrice?: readonly string[];
  readonly paymentService?: string;
  readonly resume?: string;
  readonly refund?: boolean;
  readonly list?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

/** A service on this machine may be a chain that is faster than any real one. */
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
  const { signal, stop } = patience(flags.timeout);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const report =
      flags.resume === undefined
        ? await hireAgent(requestOf(project, agent ?? "", flags, { say, signal }))
        : await resumeHire(project, flags.resume, { say, signal, wantsRefund: flags.refund === true });
    return show(report, flags.json === true);
  } finally {
    stop();
  }
}

type Watch = Pick<HireRequest, "say" | "signal">;

const requestOf = (project: Project, agent: string, flags: HireFlags, watch: Watch): HireRequest => ({
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
export async function hireAgent(request: HireRequest): Promise<HireReport> {
  const { project, say, signal } = request;
  const begun = await beginHire(request).catch((error: unknown) => {
    throw signal.aborted ? stillRunning("Nothing was paid.") : error;
  });
  const { agent } = begun;
  const following = { agent, pollMs: pollMsOf(agent.url), say, signal };
  if (!begun.hire) {
    return untilPatienceEnds(signal, "Free jobs cannot be resumed.", () =>
      followFree(begun.name, begun.jobId, following),
    );
  }
  const { hire, purchases } = begun;
  saveHire(project, hire);
  return untilPatienceEnds(signal, goOn(hire.id), async () => {
    const purchase = await purchases.make(hire.purchase, signal);
    return followPaid({ ...following, hire, purchases, purchase, wantsRefund: false });
  });
}

/** Goes on with a hire: looks whether it was paid, pays if it was not, and waits. */
export async function resumeHire(
  project: Project,
  id: string,
  { say, signal, wantsRefund }: Watch & { readonly wantsRefund: boolean },
): Promise<HireReport> {
  const hire = loadHire(project, id);
  const { stack, paymentService } = hire;
  const { purchases } = await openPurchases({ project, stack, paymentService, env: process.env });
  const agent = new AgentApi(hire.agent.url);
  return untilPatienceEnds(signal, goOn(id), async () => {
    const found = await purchases.find(hire.purchase.blockchainIdentifier, signal);
    if (!found && wantsRefund)
      throw new UserError("There is nothing to refund: the purchase was never made.");
    const purchase = found ?? (await purchases.make(hire.purchase, signal));
    return followPaid({
      agent,
      pollMs: pollMsOf(agent.url),
      say,
      signal,
      hire,
      purchases,
      purchase,
      wantsRefund,
    });
  });
}

const pollMsOf = (url: string) => (isLoopback(url) ? LOCAL_POLL_MS : POLL_MS);
const goOn = (id: string) => `Go on with: npx masumi-agents hire --resume ${id}`;

const stillRunning = (remedy: string) =>
  new HireError("HIRE_STILL_RUNNING", "The command ended before the job did.", remedy, EXIT.running);

/** Errors of what is under way say how to go on with it. */
async function untilPatienceEnds<T>(signal: AbortSignal, remedy: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw stillRunning(remedy);
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
  if (outcome === "result" && hashRule) {
    say(
      `The result's hash is the one on the chain (rule ${hashRule}). The seller is paid after ${report.purchase?.unlockTime}.`,
    );
  }
  if (outcome === "differs") {
    say(
      `HIRE_RESULT_DIFFERS: The result of ${agent.url} is not the one whose hash is on the chain, by any rule. ` +
        `To have your money back, dispute it before ${report.purchase?.unlockTime}: ` +
        `npx masumi-agents hire --resume ${id} --refund`,
    );
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
    process.stdout.write(`${id}  ${startedAt}  ${printable(agent.name)}  ${price}\n`);
  }
  if (hires.length === 0) process.stderr.write("There are no paid hires here.\n");
  else
    process.stderr.write(
      `${count(hires.length, "hire")}. Look at one with: npx masumi-agents hire --resume <id>\n`,
    );
  return EXIT.result;
}
