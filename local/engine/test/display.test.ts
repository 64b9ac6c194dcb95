import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDisplay, type EngineEvent, type StepInfo, type StepOp } from "../index.ts";

const NO_CHANGES = {
  same: 0,
  create: 0,
  update: 0,
  replace: 0,
  "create-replacement": 0,
  delete: 0,
  "delete-replaced": 0,
  "remove-pending-replace": 0,
  read: 0,
  refresh: 0,
};

class Screen extends Writable {
  text = "";
  readonly columns = 80;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

let screen: Screen;

beforeEach(() => {
  screen = new Screen();
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

const TYPE = "pulumi-nodejs:dynamic/masumi:AgentConfirmation";
const urnOf = (name: string): string => `urn:pulumi:dev::p::${TYPE}::${name}`;
const step = (number: number, op: StepOp, name: string, more: Partial<StepInfo> = {}): StepInfo => ({
  step: number,
  op,
  urn: urnOf(name),
  type: TYPE,
  name,
  custom: true,
  ...more,
});

type Kind<K extends EngineEvent["kind"]> = Extract<EngineEvent, { kind: K }>;
const start: EngineEvent = { kind: "run-start", operation: "up", project: "p", stack: "dev", time: 0 };
const started = (info: StepInfo): EngineEvent => ({ kind: "step-start", time: Date.now(), step: info });
const ended = (info: StepInfo, ok = true): EngineEvent => ({
  kind: "step-end",
  time: Date.now(),
  step: info,
  ok,
  milliseconds: 1234,
});
const planned = (info: StepInfo): EngineEvent => ({ kind: "step-planned", time: 0, step: info });
const said = (fields: Partial<Kind<"diagnostic">>): EngineEvent => ({
  kind: "diagnostic",
  time: Date.now(),
  severity: "info",
  message: "",
  ephemeral: false,
  ...fields,
});
const status = (name: string, message: string): EngineEvent =>
  said({ urn: urnOf(name), message, ephemeral: true });
const end = (fields: Partial<Kind<"run-end">> = {}): EngineEvent => ({
  kind: "run-end",
  time: 0,
  operation: "up",
  ok: true,
  changes: NO_CHANGES,
  outputs: {},
  outputChanges: [],
  milliseconds: 65_000,
  ...fields,
});

function show(interactive: boolean, events: readonly EngineEvent[], colour = false): string {
  const display = createDisplay({ stream: screen, interactive, colour });
  for (const event of events) display(event);
  return screen.text;
}

describe("the plain display", () => {
  it("has a line for each step that has ended, then outputs, counts and the duration; unchanged resources are only counted", () => {
    const events = [
      start,
      started(step(1, "same", "quiet")),
      ended(step(1, "same", "quiet")),
      started(step(2, "create", "a")),
      ended(step(2, "create", "a")),
      started(step(3, "delete", "b", { retained: true })),
      ended(step(3, "delete", "b", { retained: true })),
      end({
        changes: { ...NO_CHANGES, same: 1, create: 1, delete: 1 },
        outputs: { agents: [{ id: "a" }], key: "[secret]" },
        outputChanges: [
          { property: "key", kind: "add", new: "[secret]" },
          { property: "old", kind: "delete", old: 1 },
        ],
      }),
    ];
    expect(show(false, events).split("\n")).toEqual([
      "Updating (dev):",
      "",
      " +  AgentConfirmation a created (1.2s)",
      " -  AgentConfirmation b deleted (1.2s) [retain]",
      "",
      "Outputs:",
      "    agents: [",
      "        [0]: {",
      '            id: "a"',
      "        }",
      "    ]",
      "  + key   : [secret]",
      "  - old   : 1",
      "",
      "Resources:",
      "    + 1 created",
      "    - 1 deleted",
      "    2 changes. 1 unchanged",
      "",
      "Duration: 1m 5s",
      "",
      "",
    ]);
  });

  it("has no empty heading where there is nothing", () => {
    const events = [start, end({ operation: "destroy", changes: NO_CHANGES })];
    expect(show(false, events)).toContain("Resources: none\n");
  });

  it.each([false, true])(
    "has one empty line before the counts if nothing changed (interactive: %s)",
    (interactive) => {
      const events = [start, end({ changes: { ...NO_CHANGES, same: 3 } })];
      expect(show(interactive, events).split("\n").slice(0, 4)).toEqual([
        "Updating (dev):",
        "",
        "Resources:",
        "    3 unchanged",
      ]);
    },
  );

  it("shows in a preview what would change, secrets masked", () => {
    const changes = [
      { property: "size", kind: "update", old: 1, new: 2 },
      { property: "key", kind: "update", old: "[secret]", new: "[secret]" },
      { property: "url", kind: "update", old: "https://a", new: "[unknown]" },
      {
        property: "listing",
        kind: "update",
        old: { a: 1, same: true, tags: ["x"], gone: { b: 1 }, text: `${"long ".repeat(30)}before` },
        new: { a: 2, same: true, tags: ["x", "y"], text: `${"long ".repeat(30)}after` },
      },
      { property: "more", kind: "add", new: "x" },
      { property: "gone", kind: "delete", old: true },
    ] as const;
    const events = [
      { ...start, operation: "preview" } as EngineEvent,
      planned(step(1, "same", "quiet")),
      planned(step(2, "update", "a", { changes })),
      planned(
        step(3, "create-replacement", "b", {
          changes: [{ property: "kind", kind: "update", old: "k", new: "l" }],
        }),
      ),
      planned(
        step(4, "replace", "b", {
          changes: [{ property: "kind", kind: "update", old: "k", new: "l" }],
        }),
      ),
      end({ operation: "preview", changes: { ...NO_CHANGES, update: 1 } }),
    ];
    expect(show(false, events).split("\n")).toEqual([
      "Previewing update (dev):",
      "",
      " ~  AgentConfirmation a update [diff: +more-gone~size,key,url,listing]",
      "        ~ size: 1 => 2",
      "        ~ key: [secret] => [secret]",
      '        ~ url: "https://a" => [unknown]',
      "        ~ listing.a: 1 => 2",
      '        + listing.tags[1]: "y"',
      "        - listing.gone.b: 1",
      '        ~ listing.text: …g long long before" => …g long long after"',
      '        + more: "x"',
      "        - gone: true",
      " ++ AgentConfirmation b create replacement [diff: ~kind]",
      " +- AgentConfirmation b replace [diff: ~kind]",
      '        ~ kind: "k" => "l"',
      "",
      "Resources:",
      "    ~ 1 to update",
      "",
      "",
    ]);
  });

  it("says each warning and error once, under its resource, and leaves debug messages out", () => {
    const events = [
      start,
      said({ severity: "debug", message: "noise" }),
      said({ message: "printed by the program" }),
      started(step(1, "update", "a")),
      said({ severity: "error", urn: urnOf("a"), message: "it broke\nin two lines" }),
      ended(step(1, "update", "a"), false),
      said({ severity: "error", message: "update failed" }),
      end({ ok: false }),
    ];
    expect(show(false, events).split("\n")).toEqual([
      "Updating (dev):",
      "",
      "    printed by the program",
      "    AgentConfirmation a: error: it broke",
      "    in two lines",
      " ~  AgentConfirmation a **updating failed** (1.2s)",
      "    error: update failed",
      "",
      "Resources:",
      "    2 errors",
      "",
      "Duration: 1m 5s",
      "",
      "",
    ]);
  });

  it("shows a passing message only where nothing else was printed for 20 seconds", () => {
    const display = createDisplay({ stream: screen, interactive: false, colour: false });
    vi.setSystemTime(0);
    display(start);
    const seen: number[] = [];
    for (let second = 1; second <= 70; second += 1) {
      vi.setSystemTime(second * 1000);
      if (second === 30) display(ended(step(1, "create", "b")));
      const before = screen.text.length;
      display(status("a", `initiated ${second}`));
      if (screen.text.length > before) seen.push(second);
    }
    expect(seen).toEqual([20, 50, 70]);
    expect(screen.text).toContain("    AgentConfirmation a: initiated 20\n");
  });

  it("has colours only when told", () => {
    const events = [start, ended(step(1, "create", "a")), end()];
    expect(show(false, events)).not.toContain("\u001B");
    screen.text = "";
    expect(show(false, events, true)).toContain("\u001B[32m+  AgentConfirmation a created\u001B[0m");
  });
});

describe("the live display", () => {
  /** What a terminal shows after the text: moving up and clearing are the only control sequences. */
  function rendered(text: string): string[] {
    const lines: string[] = [];
    // oxlint-disable-next-line no-control-regex
    for (const part of text.split(/(\u001B\[\d+A\u001B\[J)/u)) {
      const up = /\[(\d+)A/u.exec(part)?.[1];
      if (up === undefined) lines.push(...part.split("\n").slice(0, -1));
      else lines.splice(-Number(up));
    }
    return lines;
  }

  it("shows what runs, since when, and its last message, below what has ended", () => {
    const display = createDisplay({ stream: screen, interactive: true, colour: false });
    display(start);
    display(started(step(1, "create", "market-researcher")));
    display(started(step(2, "create", "other")));
    display(status("market-researcher", "RegistrationInitiated tx 5a14"));
    vi.advanceTimersByTime(42_000);
    display(ended(step(2, "create", "other")));
    expect(rendered(screen.text)).toEqual([
      "Updating (dev):",
      "",
      " +  AgentConfirmation other created (1.2s)",
      " +  AgentConfirmation market-researcher  creating 42s  RegistrationInitiated tx",
    ]);
    vi.advanceTimersByTime(60_000);
    expect(rendered(screen.text).at(-1)).toMatch(/creating 1m 42s/u);
    display(ended(step(1, "create", "market-researcher")));
    display(end({ changes: { ...NO_CHANGES, create: 2 } }));
    const lines = rendered(screen.text);
    expect(lines.filter((line) => line.includes("creating"))).toEqual([]);
    expect(lines).toContain("    + 2 created");
  });

  it("keeps to a part of the screen however many steps run", () => {
    const display = createDisplay({ stream: screen, interactive: true, colour: false });
    display(start);
    for (let number = 1; number <= 50; number += 1) display(started(step(number, "create", `r${number}`)));
    const lines = rendered(screen.text);
    expect(lines).toHaveLength(2 + 20 + 1);
    expect(lines.at(-1)).toBe("    … and 30 more");
  });
});

describe("texts that a file or a program brought", () => {
  it("command no terminal, and keep their lines", () => {
    const show = createDisplay({ stream: screen, interactive: false, colour: false });
    show(
      said({
        severity: "warning",
        message: "\u001B[31mred\u001B[0m and \u001B]0;title\u0007\r\n\tnext \u202E",
      }),
    );
    expect(screen.text).toBe("    warning: red and \\u001b]0;title\\u0007\n    \tnext \\u202e\n");
  });

  it("are shown escaped as values", () => {
    const show = createDisplay({ stream: screen, interactive: false, colour: false });
    const change = { property: "goal", kind: "update", old: "a\u009B", new: "b\u001B" } as const;
    show(planned(step(1, "update", "weather", { changes: [change] })));
    expect(screen.text).toContain('~ goal: "a\\u009b" => "b\\u001b"\n');
  });
});
