import { chmodSync } from "node:fs";
import { delimiter } from "node:path";
import { expect, it } from "vitest";
import { type CostsFlags, costs } from "../../cli/commands/spending/costs.ts";
import type { CostsDocument } from "../../stacks/costs/costs.ts";
import { CliStack } from "./stack.ts";

const CREW = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};
const hosted = { url: undefined, crew: CREW };
const DOCKER = { hosting: "docker", docker: { url: "https://{id}.example.com" } };

/** What plays the Docker CLI: it prints what a runtime would, and its own words on stderr. */
const program = (script: string) => `#!/bin/sh\n${script}\n`;
const printing = (counts: unknown) => program(`echo "$@" >&2; echo '${JSON.stringify(counts)}'`);
const count = (model: string, input: number, output: number, job = "") => ({
  month: "2026-11",
  job,
  model,
  input_tokens: input,
  output_tokens: output,
});

async function run(stack: CliStack, docker: string, flags: Partial<CostsFlags> = {}) {
  stack.project.write("bin/docker", docker);
  chmodSync(stack.project.path("bin/docker"), 0o755);
  const PATH = `${stack.project.path("bin")}${delimiter}${process.env["PATH"]}`;
  return stack.run((project) => costs(project, { stack: "preprod", ...flags }), { PATH });
}

it("shows what containers' runtimes counted, with the customer of each agent, and jobs where they are wanted", async () => {
  await using stack = await CliStack.start({
    ...DOCKER,
    modelPrices: { large: { input: 0.4, output: 1.6 }, small: { input: "0.1", output: 0 } },
  });
  stack.declare({ writer: { name: "Writer", user: "Ada", ...hosted }, elsewhere: {} });
  const counts = { "": [count("large", 1000, 100, "4ab92f3c01d7e856"), count("small", 5, 0)] };
  const shown = await run(stack, printing(counts));
  expect([shown.exitCode, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toBe(
    [
      "month    agent   customer  model  input tokens  output tokens  USD       fees (ADA)",
      "───────  ──────  ────────  ─────  ────────────  ─────────────  ────────  ──────────",
      "2026-11  writer  Ada       large  1000          100            0.00056   0",
      "2026-11  writer  Ada       small  5             0              0.000001",
      "total                             1005          100            0.000561  0",
      "",
    ].join("\n"),
  );
  const jobs = await run(stack, printing(counts), { jobs: true });
  expect(jobs.stdout).toMatch(/^2026-11 {2}writer {2}Ada {7}4ab92f3c01d7e856 {2}large/m);
});

it("asks each runtime for what is wanted alone", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const asked = program(`echo "$@" >&2; exit 1`);
  const { stderr } = await run(stack, asked, { month: "2026-11", jobs: true });
  expect(stderr).toContain(
    "exec --user 10001:10001 masumi-agents-preprod-writer python -I -m crew_runtime.token_counts --month 2026-11 --by-job",
  );
  await expect(run(stack, asked, { month: "november" })).rejects.toThrow(/"november" is not a month/);
});

it("names the agents whose tokens it could not read, says why, and ends with 1", async () => {
  await using stack = await CliStack.start(DOCKER);
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const shown = await run(stack, program("echo 'Error: No such container: \u001b[31mx' >&2; exit 1"));
  expect([shown.exitCode, shown.stdout]).toEqual([1, "No costs of stack preprod are known here.\n"]);
  expect(shown.stderr).toBe("The tokens of writer are missing: Error: No such container: \\u001b[31mx\n");

  const document = await run(stack, printing({ "": [{ month: "2026-11" }] }), { json: true });
  const { unread } = JSON.parse(document.stdout) as CostsDocument;
  expect(unread).toEqual([{ agent: "writer", reason: expect.stringContaining("another version") as string }]);

  stack.configure({
    hosting: "ecs-alb",
    aws: { domain: "example.com", zone: "example.com" },
  });
  const onEcs = await run(stack, program("exit 1"));
  expect([onEcs.exitCode, onEcs.stderr]).toEqual([
    1,
    expect.stringContaining("its tasks on ECS keep the count"),
  ]);
});

it("has nothing of a crew that was never started on this machine, and refuses prices that it cannot read", async () => {
  await using stack = await CliStack.start({ hosting: "process" });
  stack.declare({ writer: { name: "Writer", ...hosted } });
  const shown = await run(stack, program("exit 1"));
  expect([shown.exitCode, shown.stdout, shown.stderr]).toEqual([
    0,
    "No costs of stack preprod are known here.\n",
    "",
  ]);
  stack.configure({ modelPrices: { large: { input: 1 } } });
  await expect(run(stack, program("exit 1"))).rejects.toThrow(/masumi:modelPrices/);
});
