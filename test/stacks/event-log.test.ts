import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { EventLogReader, type LoggedEvent, followEventLog } from "../../stacks/pulumi/event-log.ts";

/** What the real CLI 3.270.0 logged of an `up` that registers one agent; inputs and outputs are left out. */
const RECORDED = readFileSync(new URL("../fixtures/pulumi/event-log.jsonl", import.meta.url), "utf8");

const read = (text: string) => {
  const reader = new EventLogReader();
  const events = text.split("\n").flatMap((line) => reader.read(line) ?? []);
  return { events, changes: reader.changes };
};

const told = (event: LoggedEvent) =>
  event.kind === "diagnostic"
    ? `${event.severity} ${event.message.trim()}`
    : `${event.kind} ${event.step.op} ${event.step.type.replace("pulumi-nodejs:dynamic/", "")} ${event.step.name}`;

describe("what the real CLI logs", () => {
  it("is told as the embedded engine tells it", () => {
    const { events, changes } = read(RECORDED);
    const ofAgent = events.filter((event) => !told(event).includes("pulumi:"));
    expect(ofAgent.map(told)).toEqual([
      "step-start create masumi:index:SharedCrews _shared",
      "step-start create masumi:index:Agent hello",
      "step-end create masumi:index:SharedCrews _shared",
      "step-start create crew:SharedProcess _shared",
      "step-end create crew:SharedProcess _shared",
      "step-start create crew:SharedAgent hello",
      "step-end create crew:SharedAgent hello",
      "step-start create masumi:AgentRegistration hello",
      "step-end create masumi:AgentRegistration hello",
      "step-start create masumi:AgentConfirmation hello",
      "info RegistrationRequested · 0 s",
      "step-end create masumi:AgentConfirmation hello",
      "step-end create masumi:index:Agent hello",
      "step-start create crew:CrewDrain hello",
      "step-end create crew:CrewDrain hello",
      "step-start create crew:SharedIdentity hello",
      "step-end create crew:SharedIdentity hello",
    ]);
    expect(changes).toEqual({ create: 8, same: 1 });
  });

  it("has each step's end under the number of its start, with what it took", () => {
    const { events } = read(RECORDED);
    const steps = events.flatMap((event) => (event.kind === "diagnostic" ? [] : [event]));
    const started = steps.filter(({ kind }) => kind === "step-start");
    const ended = steps.filter(({ kind }) => kind === "step-end");
    const numbersOf = (list: typeof steps) => new Map(list.map(({ step }) => [step.urn, step.step]));
    expect(numbersOf(ended)).toEqual(numbersOf(started));
    const service = ended.find(({ step }) => step.type.endsWith("SharedProcess"));
    expect(service).toMatchObject({ ok: true, milliseconds: 4000, step: { custom: true, id: "_shared" } });
  });

  it.each([
    ["a failed step", { resOpFailedEvent: { metadata: { op: "create", urn: "urn::a", type: "t" } } }, 1],
    [
      "a step of the preview before",
      { resourcePreEvent: { metadata: { op: "create", urn: "urn::a", type: "t" }, planning: true } },
      0,
    ],
    [
      "an operation that the embedded engine does not have",
      { resourcePreEvent: { metadata: { op: "import", urn: "urn::a", type: "t" } } },
      0,
    ],
    [
      "the CLI's own thoughts",
      { diagnosticEvent: { message: "Registering resource", severity: "debug" } },
      0,
    ],
    ["an error", { diagnosticEvent: { message: "ERROR_CODE: no", severity: "error", urn: "urn::a" } }, 1],
    ["a kind that is not known", { policyEvent: {} }, 0],
  ] as const)("%s is told or left out", (_what, event, count) => {
    const { events } = read(JSON.stringify({ sequence: 1, timestamp: 1, ...event }));
    expect(events).toHaveLength(count);
  });

  it("says of a failed step that it failed", () => {
    const metadata = { op: "create", urn: "urn::a", type: "t" };
    const { events } = read(JSON.stringify({ timestamp: 1, resOpFailedEvent: { metadata } }));
    expect(events).toMatchObject([{ kind: "step-end", ok: false, step: { name: "a" } }]);
  });

  it("ends no run by a line that cannot be read", () => {
    expect(read('{"sequence":\n\n[1]\n').events).toEqual([]);
  });
});

describe("a log that is followed", () => {
  it("is told whole, also where a line comes in two parts, and removed", async () => {
    const events: LoggedEvent[] = [];
    const log = await followEventLog((event) => void events.push(event));
    const half = RECORDED.length / 2;
    appendFileSync(log.file, RECORDED.slice(0, half));
    await expect.poll(() => events.length).toBeGreaterThan(0);
    appendFileSync(log.file, RECORDED.slice(half));
    expect(await log.end()).toEqual({ create: 8, same: 1 });
    expect(events).toEqual(read(RECORDED).events);
    expect(existsSync(dirname(log.file))).toBe(false);
  });

  it("says at its end what its listener threw, and is removed all the same", async () => {
    const log = await followEventLog(() => {
      throw new Error("the listener's fault");
    });
    appendFileSync(log.file, RECORDED);
    await expect(log.end()).rejects.toThrow("the listener's fault");
    expect(existsSync(dirname(log.file))).toBe(false);
  });
});
