import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { startAtTerminal } from "../helpers/terminal.ts";

let project: TestProject;
let sandbox: RunningSandbox;
let outside: OutsideAgents;

beforeAll(async () => {
  [sandbox, outside] = [await startSandbox({ chainSpeed: "instant" }), await startOutsideAgents()];
  project = new TestProject();
  project.useSandbox(sandbox.url);
  project.write("agents/market-researcher.yaml", outsideAgent("Market Researcher", outside.url));
  project.write(
    "agents/contract-reviewer.yaml",
    outsideAgent("Contract Reviewer", outside.url, { price: "5 USDM" }),
  );
  const { exitCode, stderr } = await project.run("up");
  if (exitCode !== 0) throw new Error(stderr);
}, 120_000);

afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await outside.close();
});

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe.each([80, 120, 160])("at a terminal of %i columns", (columns) => {
  it.each([
    "status",
    "plan",
    "plan --wide",
    "spent",
    "config",
    "stack output",
    "stack ls",
    "doctor",
    "drift",
    "import",
    "validate --stack preprod",
    "spent --agent nobody",
    "costs",
  ])("%s keeps to them", async (words) => {
    const terminal = startAtTerminal(project, words.split(" "), columns);
    await terminal.exitCode;
    expect(terminal.screen()).not.toBe("");
    expect(widest(terminal.screen())).toBeLessThanOrEqual(columns);
  });
});

it("a value that a terminal is too narrow for is cut there, says which command shows all of it, and is whole in a pipe", async () => {
  const terminal = startAtTerminal(project, ["config"], 80);
  await terminal.exitCode;
  expect(terminal.screen()).toMatch(/^masumi:wallets +\[\{.*…$/m);
  expect(terminal.screen()).toContain("npx masumi-agents config get <key> shows all of it.");
  const { stdout, stderr } = await project.run("config");
  expect(stdout).toMatch(/^masumi:wallets +\[\{.*\}\]$/m);
  expect(stderr).toBe("");
});

it("status shows agent, state in colour, price and URL; the rest with --wide, and in a pipe without colours", async () => {
  const terminal = startAtTerminal(project, ["status"], 120);
  await terminal.exitCode;
  expect(terminal.raw()).toContain("\u001B[32mavailable\u001B[39m");
  const { stdout } = await project.run("status");
  expect(stdout.split("\n")[0]).toMatch(/^agent +state +price +URL$/);
  expect(stdout).toMatch(
    /^market-researcher +available +3 ADA +http:\/\/127\.0\.0\.1:\d+\/market-researcher$/m,
  );
  const wide = (await project.run("status", "--wide")).stdout;
  expect(wide).toMatch(/registration +identifier +in base units +transaction +ADA spent/);
  const atTerminal = startAtTerminal(project, ["status", "--wide"], 80);
  await atTerminal.exitCode;
  expect(atTerminal.screen(), "what is to be copied is not broken over lines").toBe(wide);
  expect(wide).toMatch(/RegistrationConfirmed +\w{6}…\S+ +3000000 lovelace/);
});

it("status of one agent shows its part of a fee that it shares with others", async () => {
  const { agents } = JSON.parse((await project.run("status", "--json")).stdout) as {
    agents: readonly { readonly txHash: string }[];
  };
  const [one, other] = agents.map(({ txHash }) => txHash);
  const state = ".masumi/state/.pulumi/stacks/masumi-agents/local.json";
  project.write(state, project.read(state).replaceAll(one ?? "", other ?? ""));
  expect((await project.run("status", "market-researcher")).stdout).toMatch(
    /^ +fee +0\.21132\d ADA, its part of 0\.422653 ADA for the whole transaction$/m,
  );
});
