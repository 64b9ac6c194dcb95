import { commandForMissing, portalPackages } from "../../providers/common/optional-packages.ts";
import { crewFolder, crewVenv, ensurePythonEnvironment } from "../../providers/crew-process/local/index.ts";
import { agentTable } from "../agent-table.ts";
import { explainsItself } from "../explains-itself.ts";
import { showLocalRun } from "../run.ts";
import { loadStackAgents } from "../../stacks/agents.ts";
import { readAgentOutputs, withAvailability } from "../../stacks/outputs.ts";
import { LOCAL_STACK, type Project } from "../../stacks/project.ts";
import type { Agent } from "../../infra/declarations/index.ts";
import { type HireReport, enteredValues, hireAgent } from "../../buyer/index.ts";
import { operatorNotes } from "../hire/operator.ts";
import { exitCodeOf, showHire } from "../hire/show.ts";
import { eventText } from "../hire/text.ts";
import { DEFAULT_MAX_DAYS, hireFolder, openAccount, readWish } from "../hire/wish.ts";
import { readMarket } from "../../stacks/network.ts";
import { print, printJson, printProgress } from "../text.ts";
import { findSandbox, startSandboxProcess } from "../../stacks/local/sandbox-process.ts";
import { answersAreStubs, usesSandbox } from "../../stacks/local/uses-sandbox.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { startPortalProcess } from "../portal/portal.ts";

export interface DemoFlags {
  readonly chainSpeed: string;
  readonly json?: boolean;
}

/** The agent that the demo hires, and what for. */
const JOB = {
  agent: "market-researcher",
  input: { market: "Heat pumps in southern Germany", question: "Enter the market in 2027?" },
} as const;
const HIRE_TIMEOUT_MS = 180_000;
/** So long people wait without a word. */
const SLOW_MS = 2000;

/**
 * `demo`: from a clone to registered agents, one of which is hired, and the page for customers. Everything it starts stays up; a second run looks first (a crew that
 * died with a reboot is started again) and plans nothing when all is as declared.
 */
export async function demo(project: Project, { chainSpeed, json = false }: DemoFlags): Promise<number> {
  const { agents: declared, complaints } = loadStackAgents(project, LOCAL_STACK);
  if (complaints.length > 0) return printComplaints(complaints, json);

  await ensurePythonEnvironment({
    crewFolder: crewFolder(project.root),
    venv: crewVenv(project.root),
    onProgress: printProgress,
  });
  const known = await findSandbox(project);
  const sandbox = known ?? (await startSandboxProcess(project, { chainSpeed }));
  printProgress(
    `The simulated payment service ${known ? "is already running" : "is running"} on ${sandbox.url}.`,
  );

  const result = await showLocalRun(project, "up", { stack: LOCAL_STACK, json, refresh: true });
  if (!result.ok) return result.exitCode;
  const agents = await readAgentOutputs(project, LOCAL_STACK, { env: process.env });
  const { same: _same, ...changes } = result.changes;
  const isNew = Object.values(changes).some(Boolean);
  if (!json) {
    if (!isNew) print("Nothing to do: all is as declared.\n\n");
    print(agentTable(await withAvailability(agents)));
  }
  // A run that changed nothing is over at once; and only test tokens are spent unasked.
  const takesJob = declared.some(
    (agent) => agent.id === JOB.agent && hasFields(agent, Object.keys(JOB.input)),
  );
  // Only people look at a page. It starts while the chain is waited for.
  const page = json ? Promise.resolve("") : startPage(project, chainSpeed);
  const isHired = isNew && takesJob && usesSandbox(project, LOCAL_STACK);
  const hire = isHired ? await hireOne(project) : undefined;
  if (json) {
    printJson({ version: 1, changes: result.changes, agents, hire: hire ?? null });
    return hire ? exitCodeOf(hire) : 0;
  }
  if (hire) showHire(hire);
  const shown = await toldIfSlow(page, "\nStarting the page for customers ...");
  print(
    `${shown}The agents stay up. Try: npx masumi-agents status | hire | preview | destroy\n` +
      "Change a price or a text in agents/ and run the demo again.\n" +
      modelHint(project),
  );
  return hire ? exitCodeOf(hire) : 0;
}

/** Waits for what was begun before, and says so if that takes a while. */
async function toldIfSlow<T>(work: Promise<T>, line: string): Promise<T> {
  const timer = setTimeout(() => printProgress(line), SLOW_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Returns what to say where the packages of the portal are not installed, as in most projects; undefined if they are.
 *
 * @param from a folder that needs them. @default this package
 */
export function portalLeftOut(from?: string): string | undefined {
  const command = commandForMissing(portalPackages(), from);
  if (command === undefined) return undefined;
  return [
    "\nThe page where customers get agents of their own was left out: it needs packages that are not installed. This adds it:",
    `  ${command} && npx masumi-agents portal`,
    "",
  ].join("\n");
}

/** Starts the portal, and returns what to say of it: the agents are there without it, too. */
async function startPage(project: Project, chainSpeed: string): Promise<string> {
  const leftOut = portalLeftOut();
  if (leftOut !== undefined) return leftOut;
  try {
    const url = await startPortalProcess(project, { chainSpeed });
    return `\nThe page where customers get agents of their own ("Create AI agent"): ${url}\n`;
  } catch (error) {
    if (!explainsItself(error)) throw error;
    return `\n${error.message}\n`;
  }
}

/** How to get more than stub answers; nothing to say to whoever has. */
function modelHint(project: Project): string {
  if (!answersAreStubs(project, LOCAL_STACK)) return "";
  return [
    "\nThese are a stub's answers. For those of a real model (any OpenAI-compatible API; masumi:modelName says which):",
    "  npx masumi-agents config set masumi:modelApi https://api.openai.com/v1",
    "  npx masumi-agents config set --secret masumi:modelKey",
    "  npx masumi-agents up",
    "",
  ].join("\n");
}

const hasFields = ({ input }: Agent, ids: readonly string[]) =>
  input.length === ids.length && input.every(({ id }) => ids.includes(id));

/** Hires the agent as its buyer would. @throws HireError */
async function hireOne(project: Project): Promise<HireReport> {
  const words = Object.entries(JOB.input).map(([name, value]) => ` \\\n    --input ${name}="${value}"`);
  printProgress(
    `\nHiring the ${JOB.agent}, as any buyer would:\n  npx masumi-agents hire ${JOB.agent}${words.join("")}`,
  );
  const call = { env: {}, signal: AbortSignal.timeout(HIRE_TIMEOUT_MS) };
  const { agent, input } = JOB;
  const wanted = {
    agent,
    stack: LOCAL_STACK,
    entered: enteredValues(input),
    maxPrice: [],
    maxDays: DEFAULT_MAX_DAYS,
  };
  const notes = operatorNotes(project);
  try {
    return await hireAgent(await readWish(project, wanted, call), {
      folder: hireFolder(project),
      openAccount: (name) => openAccount(project, name, call),
      readMarket: (stack) => readMarket(project, stack),
      onEvent: (event) => {
        eventText(event).forEach(printProgress);
        notes.hear(event);
      },
      signal: call.signal,
    });
  } finally {
    await notes.shown();
  }
}
