import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type EngineEvent, up } from "../index.ts";
import { openStack } from "../stack/stack.ts";
import { TestProject, type Wanted } from "./helpers/project.ts";

const SCRIPT = fileURLToPath(new URL("helpers/run-engine.ts", import.meta.url));

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

interface EndedEngine {
  readonly events: readonly EngineEvent[];
  readonly exitCode: number | null;
}

/**
 * Starts an engine as the leader of a process group of its own, and deals it the blow as soon as `when` says so. Returns what it had
 * reported by its end.
 */
async function runUntil(
  when: (event: EngineEvent) => boolean,
  blow: (engine: ChildProcess) => void,
): Promise<EndedEngine> {
  const { onEvent: _onEvent, ...options } = project.options({ env: { STATUS: "1" } });
  const engine = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const events: EngineEvent[] = [];
  let dealt = false;
  createInterface({ input: engine.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as EngineEvent;
    events.push(event);
    if (dealt || !when(event)) return;
    dealt = true;
    blow(engine);
  });
  await once(engine, "close");
  return { events, exitCode: engine.exitCode };
}

/** `kill -9` of the engine alone. */
const kill = (engine: ChildProcess): boolean => engine.kill("SIGKILL");

/** What a terminal does at ^C: the whole process group is interrupted. */
const interrupt = ({ pid }: ChildProcess): boolean => pid !== undefined && process.kill(-pid, "SIGINT");

function childrenOf({ pid }: ChildProcess): { readonly pid: number; readonly command: string }[] {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return [...listed.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gmu)]
    .filter(([, , parent]) => Number(parent) === pid)
    .map(([, child, , command = ""]) => ({ pid: Number(child), command }));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const finished = (events: readonly EngineEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === "step-end" && event.ok && event.step.type.endsWith(":Thing") ? [event.step.name] : [],
  );

/** The provider says so itself, so the beginning of the step is recorded by then. */
const worksOn = (event: EngineEvent, name: string): boolean =>
  event.kind === "diagnostic" && event.message === `create of ${name} is under way`;

describe("an engine that is killed", () => {
  it("leaves a state with the finished steps and the interrupted operation; the next run goes on from there", async () => {
    await project.want(
      { name: "a" },
      { name: "b", dependsOn: ["a"] },
      { name: "slow", dependsOn: ["b"], milliseconds: 60_000 },
    );
    await runUntil((event) => worksOn(event, "slow"), kill);
    expect(await project.names()).toEqual(["a", "b"]);
    const pending = (await project.state()).checkpoint.latest.pending_operations ?? [];
    expect(pending.map(({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`)).toEqual([
      "creating slow",
    ]);

    await project.calls();
    await project.want({ name: "a" }, { name: "b", dependsOn: ["a"] }, { name: "slow", dependsOn: ["b"] });
    const result = await up(project.options());
    expect(result).toMatchObject({ ok: true, changes: { same: 3, create: 1 } });
    const warnings = result.diagnostics
      .filter(({ severity }) => severity === "warning")
      .map(({ message }) => message);
    expect(warnings).toEqual([
      expect.stringMatching(/^Took over the lock of process \d+ .*no longer running/u),
      expect.stringMatching(/1 pending operations[\s\S]*slow, interrupted while creating/u),
    ]);
    expect(await project.calls()).toEqual(["create slow", "create done slow"]);
  });

  it.each<[string, RegExp]>([
    ["its program starts", /cmd\/run/u],
    ["its provider starts", /cmd\/dynamic-provider/u],
  ])("while %s leaves no process behind", async (_, started) => {
    await project.want({ name: "a" });
    await up(project.options());
    const { onEvent: _onEvent, ...options } = project.options();
    const engine = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], { stdio: "ignore" });
    await vi.waitFor(
      () => expect(childrenOf(engine).some(({ command }) => started.test(command))).toBe(true),
      {
        timeout: 60_000,
        interval: 5,
      },
    );
    const children = childrenOf(engine);
    engine.kill("SIGKILL");
    await once(engine, "close");
    await vi.waitFor(() => expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]), {
      timeout: 20_000,
    });
  });

  it("at any moment has every step that it reported as finished in a state that loads", async () => {
    const wanted: Wanted[] = Array.from({ length: 40 }, (_, index) => ({
      name: `r${index}`,
      milliseconds: 5 * (index % 7),
      ...(index % 3 === 0 ? {} : { dependsOn: [`r${index - 1}`] }),
    }));
    await project.want(...wanted);
    const reported = new Set<string>();
    for (const stepsToSee of [3, 10, 25]) {
      let ended = 0;
      const moment = Math.floor(stepsToSee * (0.5 + Math.random()));
      const { events } = await runUntil((event) => {
        if (event.kind === "step-end" && event.step.op === "create") ended += 1;
        return ended >= moment;
      }, kill);
      for (const name of finished(events)) reported.add(name);
      // Opening decrypts and verifies the whole state.
      const { deployment } = await openStack(project.options());
      const recorded = deployment.resources.map(({ urn }) => urn.split("::").at(-1));
      for (const name of reported) expect(recorded).toContain(name);
    }
    expect((await up(project.options())).ok).toBe(true);
    expect((await project.names()).toSorted()).toEqual(wanted.map(({ name }) => name).toSorted());
  });
});

describe("an engine that is interrupted at the terminal", () => {
  it("finishes and saves what runs, because the interrupt does not reach its provider", async () => {
    await project.want({ name: "slow", milliseconds: 2000 }, { name: "later", dependsOn: ["slow"] });
    const { exitCode } = await runUntil((event) => worksOn(event, "slow"), interrupt);
    expect(exitCode).toBe(1);
    expect(await project.calls()).toEqual(["create slow", "create done slow"]);
    expect(await project.names()).toEqual(["slow"]);
    expect((await project.state()).checkpoint.latest.pending_operations).toBeUndefined();
  });
});
