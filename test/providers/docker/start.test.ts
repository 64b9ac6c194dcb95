import { describe, expect, it, onTestFinished } from "vitest";
import { provider } from "../../../providers/docker/start.ts";
import { type Answer, scriptedEngine } from "./engine.ts";

type State = Readonly<Record<string, unknown>>;

const RUNNING = { Status: "running", Running: true, Restarting: false, ExitCode: 0, OOMKilled: false };
const health = (Status: string, Output = "") => ({ ...RUNNING, Health: { Status, Log: [{ Output }] } });
const running = (StartedAt: string) => ({ ...RUNNING, StartedAt });
const restarting = (ExitCode: number, more: object = {}) => ({
  ...RUNNING,
  Status: "restarting",
  Restarting: true,
  ExitCode,
  ...more,
});
const exited = (ExitCode: number) => ({ ...RUNNING, Status: "exited", Running: false, ExitCode });

/** As the engine sends a container's log: its errors, then its output. */
function framed(...texts: readonly string[]): Buffer {
  const frames = texts.map((text, index) => {
    const header = Buffer.alloc(8);
    header[0] = 2 - (index % 2);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  });
  return Buffer.concat(frames);
}

/** As the engine answers when a container has ended that it still takes for running. */
const JUST_ENDED = {
  status: 500,
  body: { message: "Cannot update container 1: cannot update a stopped container: unknown" },
};

/** The same a moment later. */
const GONE = {
  status: 500,
  body: { message: "Cannot update container 1: task ccfbe3eb93313fe2 not found: not found" },
};

interface Story {
  /** What the engine says at each look; the last one for ever. */
  readonly states: readonly State[];
  readonly restarts?: number;
  readonly log?: Answer;
  readonly seconds?: number;
  /** What the engine answers at each limit; the last one for ever. */
  readonly limits?: readonly Answer[];
}

const LIMITED = { status: 200, body: { Warnings: null } };

/** Waits for a container whose states are told one after the other. */
async function start(story: Story) {
  const { states, restarts = 0, log = { status: 200, body: "" }, seconds = 30, limits = [LIMITED] } = story;
  let looks = 0;
  let updates = 0;
  const engine = await scriptedEngine((asked) => {
    if (asked.includes("/logs?")) return log;
    if (asked.includes("/update")) return limits[Math.min(updates++, limits.length - 1)] ?? LIMITED;
    const State = states[Math.min(looks++, states.length - 1)];
    return State ? { status: 200, body: { State, RestartCount: restarts } } : { status: 404, body: "gone" };
  });
  onTestFinished(() => engine.close());
  return provider.create({ ...inputs, host: engine.host, seconds });
}

const inputs = { host: "", container: "masumi-a", containerId: "1", agentId: "a", seconds: 30, pids: 64 };

describe("a crew in a container", () => {
  it.each<[what: string, story: Story]>([
    ["that gets healthy", { states: [health("starting"), health("healthy")] }],
    ["that is healthy after many restarts", { states: [health("healthy")], restarts: 9 }],
    ["that started again once", { states: [restarting(1), health("healthy")], restarts: 1 }],
    [
      "that had just ended when it was to be limited",
      { states: [restarting(1), health("healthy")], restarts: 1, limits: [JUST_ENDED, LIMITED] },
    ],
    [
      "that has ended for the engine, too, when it is to be limited",
      { states: [restarting(1), health("healthy")], restarts: 1, limits: [GONE, LIMITED] },
    ],
    ["without a health check that keeps running", { states: [running("10:00"), running("10:00")] }],
    ["without a health check that settles", { states: [running("1"), running("2"), running("2")] }],
  ])("%s is up", async (_what, story) => {
    expect(await start(story)).toMatchObject({ id: "masumi-a" });
  });

  it.each<[what: string, story: Story, said: RegExp]>([
    [
      "that ends again and again",
      {
        states: [restarting(2)],
        restarts: 3,
        log: { status: 200, body: framed("no flour\n", "bye\n") },
      },
      /^DOCKER_CREW_NOT_UP: a did not come up in its container masumi-a: it exited with code 2, 3 times\.\nThe last lines of its log:\n {2}no flour\n {2}bye\nFix the cause/,
    ],
    [
      "that needs more memory",
      { states: [restarting(137, { OOMKilled: true })], restarts: 3 },
      /137 \(out of memory\)/,
    ],
    [
      "that had just ended, and does again and again",
      { states: [restarting(3)], restarts: 3, limits: [JUST_ENDED] },
      /^DOCKER_CREW_NOT_UP: .*code 3, 3 times/,
    ],
    [
      "that is up at each look, and cannot be limited",
      { states: [health("healthy")], limits: [JUST_ENDED] },
      /^DOCKER_CREW_NOT_UP: .*it ends again and again/,
    ],
    [
      "that the engine does not limit",
      { states: [health("healthy")], limits: [{ status: 500, body: "no" }] },
      /^DOCKER_ENGINE_FAILED: .*500 no/,
    ],
    ["that ended for good", { states: [exited(3)] }, /code 3 and is not restarted\.\nIts log is empty\./],
    [
      "that does not get healthy",
      { states: [health("starting", "the crew is building\n")], seconds: 1 },
      /after 1 seconds it is not healthy: the crew is building\./,
    ],
    [
      "whose log cannot be read",
      { states: [exited(1)], log: { status: 409, body: "no logs" } },
      /Its log could not be read: 409 no logs/,
    ],
    [
      "that may not write where it wants to",
      { states: [exited(1)], log: { status: 200, body: framed("touch: /x: Read-only file system\n") } },
      /ask for with container: in its YAML/,
    ],
    ["that is not there", { states: [] }, /has no container masumi-a: 404 gone/],
  ])("%s fails with the reason", async (_what, story, said) => {
    await expect(start(story)).rejects.toThrow(said);
  });

  it("may have as many processes as it is allowed, from before it is waited for", async () => {
    const engine = await scriptedEngine((asked) => ({
      status: 200,
      body: asked.startsWith("POST") ? {} : { State: health("healthy"), RestartCount: 0 },
    }));
    onTestFinished(() => engine.close());
    await provider.create({ ...inputs, host: engine.host });
    expect(engine.asked).toEqual(["POST /containers/masumi-a/update", "GET /containers/masumi-a/json"]);
    expect(engine.bodies[0]).toBe('{"PidsLimit":64}');
  });

  it.each([
    ["containerId", true],
    ["container", true],
    ["host", true],
    ["pids", true],
    ["seconds", false],
  ])("that differs in %s is waited for anew: %s", async (key, changes) => {
    const other = { ...inputs, [key]: ["seconds", "pids"].includes(key) ? 5 : "other" };
    expect(await provider.diff("id", inputs, other)).toEqual({ changes, replaces: [] });
  });
});
