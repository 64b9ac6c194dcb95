import { type ChildProcess, spawn } from "node:child_process";
import { type ServerResponse, createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { fakePulumi } from "../helpers/fake-pulumi.ts";
import { outsideAgent } from "../helpers/outside-agents.ts";
import { TestProject, repository } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { startAtTerminal } from "../helpers/terminal.ts";

/** An agent that takes every question, and answers none before it is woken: its registration waits for it. */
const held: ServerResponse[] = [];
let isAwake = false;
const answer = (response: ServerResponse): void => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ status: "available", type: "masumi-agent" }));
};
const silent = createServer((_request, response) => {
  if (isAwake) answer(response);
  else held.push(response);
});
function wake(): void {
  isAwake = true;
  held.splice(0).forEach(answer);
}
let sandbox: RunningSandbox;
let project: TestProject;

beforeEach(async () => {
  isAwake = false;
  sandbox = await startSandbox({ chainSpeed: "instant" });
  project = new TestProject();
  project.useSandbox(sandbox.url);
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  project.write("agents/writer.yaml", outsideAgent("Writer", `http://127.0.0.1:${port}`));
});

/** What a test that failed leaves behind would wait for the chain for minutes. */
const groups: ChildProcess[] = [];
function endGroups(): void {
  for (const { pid, exitCode } of groups.splice(0)) {
    if (pid !== undefined && exitCode === null) process.kill(-pid, "SIGKILL");
  }
}

afterEach(async () => {
  endGroups();
  await project.dispose();
  await sandbox.close();
  silent.closeAllConnections();
  silent.close();
});

const pendingOperations = async () => {
  const { stdout } = await project.run("stack", "export");
  return (JSON.parse(stdout) as { deployment: { pending_operations?: unknown[] } }).deployment
    .pending_operations;
};

it("a second ^C ends up at once, and the state tells what was under way", async () => {
  const asked = once(silent, "request");
  const { child, done } = project.start("up");
  await asked;
  child.kill("SIGINT");
  await once(child.stderr ?? child, "data");
  child.kill("SIGINT");
  const { exitCode, stderr } = await done;
  expect(stderr).toContain("Press ^C again to end at once");
  expect(exitCode).toBe(130);
  expect(await pendingOperations()).toMatchObject([
    { type: "creating", resource: { type: expect.stringContaining("AgentRegistration") } },
  ]);
});

/** The whole program as npx starts it, in a process group of its own. */
function startGroup(words: readonly string[], stdio: "pipe" | "ignore" = "pipe") {
  const child = spawn(
    process.execPath,
    [join(repository, "cli/masumi-agents.js"), "--cwd", project.root, ...words],
    {
      cwd: project.root,
      env: { ...process.env, CI: "true", ...project.env },
      stdio: ["ignore", stdio, "pipe"],
      detached: true,
    },
  );
  groups.push(child);
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const done = once(child, "close").then(([exitCode]) => ({ exitCode: exitCode as number | null, stderr }));
  return { child, done, group: -(child.pid ?? 0) };
}

describe("one interruption", () => {
  it("ends a run that waits for the chain, and the next run goes on with what was requested", async () => {
    await sandbox.close();
    sandbox = await startSandbox({ chainSpeed: 0 });
    project.useSandbox(sandbox.url);
    const control = new SandboxControl(sandbox.url);
    wake();
    const { done, group } = startGroup(["up"]);
    await vi.waitFor(async () => expect(await control.rows()).toHaveLength(1), { timeout: 60_000 });
    const looks = async () => (await control.requests())["GET /registry/diff"] ?? 0;
    const before = await looks();
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(before + 2), { timeout: 60_000 });
    process.kill(group, "SIGTERM");
    const { exitCode, stderr } = await done;
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Press ^C again to end at once");
    expect(stderr).toContain("Stopped. The next up goes on from here.");
    expect(await pendingOperations()).toBeUndefined();

    await control.advance(120);
    expect((await project.report("up")).ok).toBe(true);
    expect(await control.posts("/registry")).toBe(1);
  });

  it.each([
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGTERM"],
    ["SIGHUP", "SIGHUP"],
  ] as const)(
    "is what a group gets as %s and again as %s: the run saves what is done",
    async (first, second) => {
      const asked = once(silent, "request");
      const { child, done, group } = startGroup(["up"]);
      await asked;
      const stopping = once(child.stderr ?? child, "data");
      // As timeout does: to the process that it started, and to the group.
      process.kill(-group, first);
      process.kill(group, first);
      process.kill(-group, second);
      await stopping;
      wake();
      const { exitCode, stderr } = await done;
      expect(stderr.split("Press ^C again to end at once")).toHaveLength(2);
      expect(exitCode).toBe(1);
      expect(await pendingOperations()).toBeUndefined();
    },
  );

  it("is what the real CLI gets once, and it is waited for", async () => {
    project.write("Pulumi.preprod.yaml", "config: { masumi:network: Preprod }\n");
    fakePulumi(
      project,
      `trap 'echo interrupted >> signals' INT; trap 'echo terminated >> signals' TERM; trap 'echo hung up >> signals' HUP
echo begun >&2
until [ -f signals ]; do sleep 0.1; done
sleep 1; exit 7`,
    );
    const { child, done, group } = startGroup(["refresh", "--stack", "preprod"]);
    await once(child.stderr ?? child, "data");
    process.kill(-group, "SIGTERM");
    process.kill(group, "SIGTERM");
    process.kill(group, "SIGHUP");
    expect(await done).toMatchObject({ exitCode: 7 });
    expect(project.read("signals")).toBe("interrupted\n");
  });
});

/** What is left to read of what was sent: the display goes up some lines, and clears what is below. */
function seenOf(raw: string): string {
  const [start = "", ...sequences] = raw.split("\u001B[");
  let seen = start.split("\n");
  for (const sequence of sequences) {
    const [, up] = /^(\d+)A$/u.exec(sequence) ?? [];
    if (up !== undefined) {
      seen = [...seen.slice(0, -1 - Number(up)), ""];
      continue;
    }
    const [first = "", ...rest] = sequence.replace(/^[\d;?]*[A-Za-z]/u, "").split("\n");
    seen = [...seen.slice(0, -1), (seen.at(-1) ?? "") + first, ...rest];
  }
  return seen.join("\n");
}

describe("at a terminal", () => {
  it("^C is one interruption, and what it means stays on the screen", async () => {
    const asked = once(silent, "request");
    const terminal = startAtTerminal(project, ["up"]);
    await asked;
    terminal.type("\u0003");
    await expect.poll(() => terminal.screen(), { timeout: 20_000 }).toContain("Press ^C again");
    wake();
    expect(await terminal.exitCode).toBe(1);
    const screen = seenOf(terminal.raw());
    expect(screen).toContain("Press ^C again to end at once");
    expect(screen).toContain("Stopped. The next up goes on from here.");
    expect(await pendingOperations()).toBeUndefined();
  });

  it("that is closed, a run ends in order", async () => {
    const asked = once(silent, "request");
    const terminal = startAtTerminal(project, ["up"]);
    await asked;
    terminal.close();
    // Nothing tells that the signal has come to it: there is no terminal any more.
    await sleep(1_000);
    wake();
    await terminal.exitCode;
    expect(await pendingOperations()).toBeUndefined();
  });
});

describe("output that nobody reads any more", () => {
  /** Reads the first line, then goes away, as `head -n 1` does. */
  async function readOneLine(child: ChildProcess): Promise<void> {
    await once(child.stdout ?? child, "data");
    child.stdout?.destroy();
  }

  it("ends a run in order, without a word about it", async () => {
    const { child, done } = startGroup(["up"]);
    await readOneLine(child);
    const { exitCode, stderr } = await done;
    expect(exitCode).toBe(1);
    expect(stderr).not.toMatch(/EPIPE|at .*\.ts|Stopping/);
    expect(await pendingOperations()).toBeUndefined();
  });

  it.each([
    "validate",
    "plan",
    "doctor",
    "drift",
    "status",
    "config",
    "stack ls",
    "--help",
    "completion bash",
  ])("ends %s quietly", async (words) => {
    const { child, done } = startGroup(words.split(" "));
    child.stdout?.destroy();
    expect(await done).toMatchObject({ stderr: "" });
  });
});
