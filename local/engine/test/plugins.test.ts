import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type EngineEvent, type RunResult, destroy, up } from "../index.ts";
import { openStack } from "../stack/stack.ts";
import { box, PluginProject, tin } from "./helpers/plugins.ts";

// Each run starts several processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: PluginProject | undefined;

afterEach(async () => {
  await project?.remove();
  project = undefined;
});

async function create(prefix?: string): Promise<PluginProject> {
  project = await PluginProject.create(prefix);
  return project;
}

const messages = ({ diagnostics }: RunResult, severity: string): string =>
  diagnostics
    .filter((diagnostic) => diagnostic.severity === severity)
    .map(({ message }) => message)
    .join("\n");

/** Resolves when the project reported such a message. */
async function reported(from: PluginProject, message: RegExp): Promise<void> {
  const seen = (event: EngineEvent): boolean => event.kind === "diagnostic" && message.test(event.message);
  while (!from.events.some(seen)) await sleep(20);
}

/** Not one that has ended and was only not yet taken note of. */
function lives(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

describe("a plugin that is not there", () => {
  it("is named, and nothing is made", async () => {
    const boxes = await create();
    await boxes.plan([{ name: "a", type: "lost:index:Item", options: { version: "1.0.0" } }]);
    const result = await up(boxes.options());
    expect(result.exitCode).toBe(1);
    expect(messages(result, "error")).toMatch(
      /plugin of package "lost" 1\.0\.0 was not found[\s\S]*pulumi plugin install resource lost 1\.0\.0/u,
    );
    expect((await boxes.state()).items).toEqual([]);
  });
});

describe("an installed plugin", () => {
  it("is taken in the version that is asked for, when none on PATH may be", async () => {
    const boxes = await create();
    const home = join(boxes.folder, "home");
    for (const version of ["1.2.3", "1.10.0"]) {
      const folder = join(home, `plugins/resource-box-v${version}`);
      await mkdir(folder, { recursive: true });
      const script = await readFile(join(boxes.folder, "plugins/pulumi-resource-box"), "utf8");
      const noted = script.replace("exec", `echo ${version} >> "$CALLS.versions"\nexec`);
      await writeFile(join(folder, "pulumi-resource-box"), noted, { mode: 0o755 });
    }
    const env = { PULUMI_HOME: home, PULUMI_IGNORE_AMBIENT_PLUGINS: "true" };
    await boxes.plan([box("a")]);
    const result = await up(boxes.options({ env }));
    expect(messages(result, "error")).toBe("");
    expect(messages(result, "warning")).toBe("");
    expect(await readFile(`${boxes.callsFile}.versions`, "utf8")).toBe("1.2.3\n");

    await rename(join(home, "plugins/resource-box-v1.2.3"), join(home, "plugins/resource-box-v1.2.4"));
    expect(messages(await destroy(boxes.options({ env })), "error")).toMatch(/box" 1\.2\.3 was not found/u);
    expect((await boxes.state()).items).toEqual(["a"]);
  });
});

describe("a plugin on PATH", () => {
  it("is warned of once, and when it is older than what the program asks for; all its processes end with the run", async () => {
    const boxes = await create("");
    const pids = join(boxes.folder, "pids");
    const provider = { name: "p", type: "provider:box", options: { version: "2.0.0" } };
    await boxes.plan([box("a"), provider, box("b", {}, { provider: "p" })]);
    const result = await up(boxes.options({ env: { PIDS: pids } }));
    expect(messages(result, "warning").split("\n")).toEqual([
      expect.stringMatching(/^using pulumi-resource-box from \$PATH at /u),
      expect.stringMatching(/plugin box 2\.0\.0 reports version 1\.9\.0/u),
    ]);
    const started = (await readFile(pids, "utf8")).trim().split("\n").map(Number);
    expect(started).toHaveLength(2);
    expect(started.filter(lives)).toEqual([]);
  });

  it("that cannot start is named, with what it printed", async () => {
    const boxes = await create();
    await boxes.plan([box("a")]);
    const result = await up(boxes.options({ env: { PLUGIN_BROKEN: "box" } }));
    expect(messages(result, "error")).toMatch(
      /plugin box 1\.2\.3 \(.*\) did not start: it exited \(4\) before it reported a port\.\nthe plugin cannot start/u,
    );
  });

  it("that does not shake hands is named, and the run ends", async () => {
    const boxes = await create();
    await boxes.plan([box("a")]);
    const result = await up(boxes.options({ env: { PLUGIN_MUTE: "box" } }));
    expect(result.exitCode).toBe(1);
    expect(messages(result, "error")).toMatch(/plugin box 1\.2\.3 did not answer when asked to shake hands/u);
  });

  it("that says a value is not known although it has made the resource fails the run, and the resource is kept", async () => {
    const boxes = await create();
    await boxes.plan([box("a", { trouble: "unknown" })]);
    const result = await up(boxes.options());
    expect(result.exitCode).toBe(1);
    expect(messages(result, "error")).toMatch(/returned an unknown value for \S+::a/u);
    expect(await boxes.state()).toEqual({ items: ["a"], pending: [] });
    await boxes.plan([]);
    expect((await up(boxes.options())).exitCode).toBe(0);
    expect((await boxes.calls()).filter((call) => call.startsWith("box delete"))).toHaveLength(1);
  });

  it("that updates a resource in part leaves it with its old inputs, for the next run to see", async () => {
    const boxes = await create();
    await boxes.plan([box("a", { size: 1 })]);
    expect((await up(boxes.options())).exitCode).toBe(0);
    await boxes.plan([box("a", { size: 2, trouble: "init update" })]);
    expect((await up(boxes.options())).exitCode).toBe(1);
    const { deployment } = await openStack(boxes.options());
    expect(deployment.resources.find(({ urn }) => urn.endsWith("::a"))).toMatchObject({
      inputs: { size: 1 },
      outputs: { size: 2 },
      initErrors: ["it did not get ready"],
    });
    await boxes.plan([box("a", { size: 2 })]);
    expect((await up(boxes.options())).changes).toMatchObject({ update: 1 });
  });

  it.each<[string, Parameters<PluginProject["plan"]>[0], RegExp]>([
    [
      "that gives itself another version",
      [
        {
          name: "p",
          type: "provider:box",
          args: { region: "of another age" },
          options: { version: "1.2.3" },
        },
      ],
      /provider \S+::p tried to change its own version/u,
    ],
    [
      "of whose resource nobody knows the parent",
      [box("a", {}, { unknownParent: "urn:pulumi:dev::boxes::box:index:Item::nobody" })],
      /Could not find the parent resource \S+::nobody/u,
    ],
  ])("%s fails the run", async (_what, resources, said) => {
    const boxes = await create();
    await boxes.plan(resources);
    const result = await up(boxes.options());
    expect(result.exitCode).toBe(1);
    expect(messages(result, "error")).toMatch(said);
    expect((await boxes.state()).items).toEqual([]);
  });

  it("that does not come up does not hold up the end of a cancelled run", async () => {
    const boxes = await create();
    await boxes.plan([box("a")]);
    const controller = new AbortController();
    const running = up(boxes.options({ env: { PLUGIN_SILENT: "box" }, signal: controller.signal }));
    await reported(boxes, /using pulumi-resource-box/u);
    controller.abort();
    expect(messages(await running, "error")).toBe("update canceled");
  });
});

describe("default providers", () => {
  it("can be forbidden by the configuration of the stack", async () => {
    const boxes = await create();
    await boxes.plan([box("a")], [`pulumi:disable-default-providers: '["box"]'`]);
    const result = await up(boxes.options());
    expect(messages(result, "error")).toMatch(/default provider of package "box" is needed/u);
    expect((await boxes.state()).items).toEqual([]);
  });
});

describe("a plugin that crashes", () => {
  it("is named with what it was doing; what others do is finished and saved", async () => {
    const boxes = await create();
    await boxes.plan([
      tin("slow", { milliseconds: 1500 }),
      box("a"),
      box("b", { trouble: "crash create" }, { dependsOn: ["a"] }),
      box("never", {}, { dependsOn: ["b"] }),
    ]);
    const result = await up(boxes.options());
    expect(result.exitCode).toBe(1);
    expect(messages(result, "error")).toMatch(
      /plugin box 1\.2\.3 exited \(3\) when asked to create \S+::b; whether it did so is unknown\.\nIts last output:\n[\s\S]*the plugin is about to crash/u,
    );
    expect((await boxes.state()).items.toSorted()).toEqual(["a", "slow"]);

    await boxes.plan([tin("slow"), box("a"), box("b")]);
    expect((await up(boxes.options())).ok).toBe(true);
    expect((await boxes.state()).items.toSorted()).toEqual(["a", "b", "slow"]);
  });
});

describe("a plugin that hangs when the run is cancelled", () => {
  it("is cut off where it was only asked something", async () => {
    const boxes = await create();
    await boxes.plan([box("a"), box("b", { trouble: "hang check" }, { dependsOn: ["a"] })]);
    const controller = new AbortController();
    const running = up(boxes.options({ signal: controller.signal }));
    while (!(await boxes.calls()).some((call) => call.startsWith('box check "b"'))) await sleep(20);
    controller.abort();
    const result = await running;
    expect(messages(result, "error")).toBe("update canceled");
    expect((await boxes.state()).items).toEqual(["a"]);
  });

  it("is named while it is waited for, and its work is saved when it ends after all", async () => {
    const boxes = await create();
    await boxes.plan([box("a", { trouble: "hang create" })]);
    const controller = new AbortController();
    const running = up(boxes.options({ signal: controller.signal }));
    while (!(await boxes.calls()).some((call) => call.startsWith('box create "a"'))) await sleep(20);
    controller.abort();
    await reported(boxes, /^Still waiting for create of a \(box:index:Item\)/u);
    expect(await boxes.state()).toEqual({ items: [], pending: ["creating a"] });
    await boxes.release();
    expect((await running).exitCode).toBe(1);
    expect(await boxes.state()).toEqual({ items: ["a"], pending: [] });
  });
});

describe("an engine that is killed while a plugin works", () => {
  it("leaves what was finished and what was interrupted; the next run goes on from there", async () => {
    const boxes = await create();
    await boxes.plan([box("a"), box("b", { trouble: "hang create" }, { dependsOn: ["a"] })]);
    const { onEvent: _onEvent, ...options } = boxes.options();
    const script = fileURLToPath(new URL("helpers/run-engine.ts", import.meta.url));
    const engine = spawn(process.execPath, [script, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: engine.stdout }).resume();
    while (!(await boxes.calls()).some((call) => call.startsWith('box create "b"'))) await sleep(20);
    engine.kill("SIGKILL");
    await once(engine, "close");
    expect(await boxes.state()).toEqual({ items: ["a"], pending: ["creating b"] });
    await boxes.release();

    await boxes.plan([box("a"), box("b")]);
    const result = await up(boxes.options());
    expect(result.ok).toBe(true);
    expect(messages(result, "warning")).toMatch(/b, interrupted while creating/u);
    expect((await boxes.state()).items).toEqual(["a", "b"]);
  });
});
