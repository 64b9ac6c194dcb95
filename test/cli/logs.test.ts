import { appendFileSync, chmodSync } from "node:fs";
import { once } from "node:events";
import { delimiter } from "node:path";
import { describe, expect, it } from "vitest";
import { type LogsFlags, logs } from "../../cli/commands/logs.ts";
import { useFakeAws } from "../providers/ecs/aws.ts";
import { CliStack } from "./stack.ts";

const CREW = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};
const hosted = { url: undefined, crew: CREW };
const line = (second: number, event: string) =>
  `${JSON.stringify({ time: `2026-11-29T10:00:0${second}.000+00:00`, level: "info", event, agent: "writer", instance: "i", job: "7" })}\n`;

const aws = useFakeAws();

async function stackOf(settings: Record<string, unknown> = {}): Promise<CliStack> {
  const stack = await CliStack.start(settings);
  stack.declare({
    writer: { name: "Writer", ...hosted },
    editor: { name: "Editor", ...hosted },
    elsewhere: {},
  });
  return stack;
}

const run = (
  stack: CliStack,
  agent: string | undefined,
  flags: Partial<LogsFlags> = {},
  env?: Record<string, string | undefined>,
) => stack.run((project) => logs(project, agent, { stack: "preprod", lines: "100", ...flags }), env);

describe("logs of processes", () => {
  const FILE = ".masumi/crews/writer/crew.log";

  it("shows events for people, what else was written as it is, and nothing that commands a terminal", async () => {
    await using stack = await stackOf();
    stack.project.write(FILE, `${line(1, "job_started")}Traceback: \u001b[31mred\n`);
    expect((await run(stack, "writer")).stdout).toBe(
      "2026-11-29T10:00:01.000+00:00 info    job_started job=7\nTraceback: \\u001b[31mred\n",
    );
  });

  it("shows the last lines, those since a moment, and JSON", async () => {
    await using stack = await stackOf();
    stack.project.write(FILE, `${line(1, "one")}${line(2, "two")}more\n${line(3, "three")}`);
    expect((await run(stack, "writer", { lines: "1" })).stdout).toMatch(/^\S+ info {4}three job=7\n$/);
    const since = await run(stack, "writer", { since: "2026-11-29T10:00:02Z", json: true });
    expect(
      since.stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text) as unknown),
    ).toMatchObject([
      { agent: "writer", event: "two" },
      { agent: "writer", message: "more" },
      { agent: "writer", event: "three" },
    ]);
    await expect(run(stack, "writer", { since: "yesterday" })).rejects.toThrow(/--since yesterday: expected/);
    await expect(run(stack, "writer", { lines: "no" })).rejects.toThrow(/--lines no: expected/);
  });

  it("says that there is no such job, and does so with an exit code", async () => {
    await using stack = await stackOf();
    const job = "4ab92f3c01d7e856";
    stack.project.write(FILE, line(1, "one").replace('"job":"7"', `"job":"${job}"`));
    expect(await run(stack, "writer", { job })).toMatchObject({ exitCode: 0 });
    await expect(run(stack, "writer", { job: "0".repeat(16) })).rejects.toThrow(
      "There is no job 0000000000000000 in the logs of writer (the last 10000 lines).",
    );
  });

  it("shows every agent's, each line with its name, and says whose there is none of", async () => {
    await using stack = await stackOf();
    stack.project.write(FILE, line(1, "one"));
    const { exitCode, stdout, stderr } = await run(stack, undefined);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^writer {2}\S+ info {4}one job=7\n$/);
    expect(stderr).toMatch(/^editor: There is no log at .*crew\.log/);
  });

  it("says of what it cannot show where that is", async () => {
    await using stack = await stackOf();
    await expect(run(stack, "elsewhere")).rejects.toThrow(/elsewhere is not run by this stack/);
    await expect(run(stack, "nobody")).rejects.toThrow(
      /no agent nobody. Its agents: editor, elsewhere, writer/,
    );
  });

  it("follows what is written, until it is interrupted", async () => {
    await using stack = await stackOf();
    stack.project.write(FILE, line(1, "before"));
    const { child, done } = stack.project.start("logs", "writer", "-f", "--stack", "preprod");
    await once(child.stdout ?? child, "data");
    appendFileSync(stack.project.path(FILE), line(2, "after").slice(0, 20));
    appendFileSync(stack.project.path(FILE), line(2, "after").slice(20));
    await once(child.stdout ?? child, "data");
    child.kill("SIGINT");
    const { exitCode, stdout } = await done;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\S+ info {4}before job=7\n\S+ info {4}after job=7\n$/);
  });
});

describe("logs of containers", () => {
  it("are those of the Docker CLI, at the stack's engine", async () => {
    await using stack = await stackOf({
      hosting: "docker",
      docker: { host: "ssh://deploy@agents.example.com", url: "https://{id}.example.com" },
    });
    stack.project.write("bin/docker", '#!/bin/sh\necho "$@"\necho error >&2\nexit ${DOCKER_EXIT:-0}\n');
    chmodSync(stack.project.path("bin/docker"), 0o755);
    const PATH = `${stack.project.path("bin")}${delimiter}${process.env["PATH"]}`;
    const { stdout } = await run(stack, "writer", { lines: "5" }, { PATH });
    expect(stdout.split("\n").toSorted()).toEqual([
      "",
      "--host ssh://deploy@agents.example.com logs --tail 5 masumi-agents-preprod-writer",
      "error",
    ]);
    const failing = run(stack, "writer", {}, { PATH, DOCKER_EXIT: "1" });
    await expect(failing).rejects.toThrow(/docker logs masumi-agents-preprod-writer failed \(exit code 1\)/);
    await expect(run(stack, "writer", {}, { PATH: "/nowhere" })).rejects.toThrow(/not on PATH/);
  });
});

describe("logs of tasks on ECS", () => {
  it("come from the agent's log group, page by page", async () => {
    await using stack = await stackOf({ hosting: "ecs-express", "aws:region": undefined });
    const event = (eventId: string) => ({ eventId, message: `${eventId}\n`, timestamp: 1 });
    aws().answers = {
      FilterLogEvents: [
        { events: [event("one")], nextToken: "more" },
        { events: [event("two"), event("three")] },
      ],
    };
    const { stdout } = await run(stack, "writer", { lines: "2" }, { AWS_REGION: "eu-central-1" });
    expect(stdout).toBe("two\nthree\n");
    expect(aws().asked.map(({ input }) => [input["logGroupName"], input["nextToken"]])).toEqual([
      ["/masumi-agents/preprod/writer", undefined],
      ["/masumi-agents/preprod/writer", "more"],
    ]);
  });

  it.each([
    [{ __type: "ResourceNotFoundException" }, /There is no log group .*: run up first/],
    [{ __type: "AccessDeniedException", message: "no" }, /AccessDeniedException: no\n.*logs:FilterLogEvents/],
  ])("say what is to be done: %o", async (answer, message) => {
    await using stack = await stackOf({ hosting: "ecs-express" });
    aws().answers = { FilterLogEvents: [answer] };
    await expect(run(stack, "writer", {}, { AWS_REGION: "eu-central-1" })).rejects.toThrow(message);
  });
});
