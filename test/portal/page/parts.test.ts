import { describe, expect, it } from "vitest";
import { readEvents } from "../../../portal/page/src/api/event-stream.ts";
import { documentProblems, isAccepted } from "../../../portal/page/src/documents.ts";
import { firstValue, inputProblems } from "../../../portal/page/src/pages/agent/input-values.ts";
import { bytesText, untilText } from "../../../portal/page/src/texts.ts";
import { passesOf, stepsNow } from "../../../portal/page/src/timeline.ts";
import type { InputField } from "../../../portal/page/src/wire.ts";

const STREAM =
  ': hello\n\nevent: agent\nid: 7\ndata: {"a":\ndata: "ü\u{1F600}"}\n\nid: 8\r\ndata:x\r\n\r\nevent: agent\ndata: cut o';

async function eventsOf(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(body)) if (event) events.push(event);
  return events;
}

describe("a stream of events", () => {
  it.each([1, 2, 3, 7, 1000])("is read in pieces of %i bytes", async (size) => {
    expect(await eventsOf(STREAM, size)).toEqual([
      { event: "agent", id: "7", data: '{"a":\n"ü\u{1F600}"}' },
      { event: "message", id: "8", data: "x" },
    ]);
  });
});

describe("a time line", () => {
  const entries = (...steps: string[]) =>
    steps.map((step, index) => ({ step, at: `2026-11-30T00:00:0${index}Z` }));
  const told = (state: Parameters<typeof stepsNow>[0]["state"], ...steps: string[]) =>
    stepsNow({ state, timeline: entries(...steps) }).map(({ step, state: is }) => `${step} ${is}`);

  it.each([
    [
      "starting",
      ["accepted", "declared"],
      [
        "accepted done",
        "declared done",
        "running now",
        "requested ahead",
        "onChain ahead",
        "registered ahead",
      ],
    ],
    [
      "failed",
      ["accepted", "declared"],
      [
        "accepted done",
        "declared done",
        "running failed",
        "requested ahead",
        "onChain ahead",
        "registered ahead",
      ],
    ],
    [
      "registered",
      ["accepted", "declared", "running", "registered"],
      ["accepted done", "declared done", "running done", "registered done"],
    ],
    [
      "updating",
      ["accepted", "registered", "changed", "declared"],
      ["changed done", "declared done", "registered now"],
    ],
    [
      "updating",
      ["accepted", "registered", "changed", "declared", "running", "requested"],
      ["changed done", "declared done", "running done", "requested done", "onChain now", "registered ahead"],
    ],
    [
      "updating",
      ["accepted", "registered", "changed", "onChain"],
      ["changed done", "onChain done", "registered now"],
    ],
    [
      "updating",
      ["accepted", "registered", "changed", "declared", "running"],
      ["changed done", "declared done", "running done", "registered now"],
    ],
    ["leaving", ["accepted", "registered", "leaving"], ["leaving done", "deregistered now"]],
    [
      "failed",
      ["accepted", "declared", "failed"],
      [
        "accepted done",
        "declared done",
        "failed failed",
        "running ahead",
        "requested ahead",
        "onChain ahead",
        "registered ahead",
      ],
    ],
    [
      "running",
      ["accepted", "declared", "failed", "running"],
      [
        "accepted done",
        "declared done",
        "failed failed",
        "running done",
        "requested now",
        "onChain ahead",
        "registered ahead",
      ],
    ],
    ["accepted", [], []],
    [
      "running",
      ["accepted", "declared", "somethingNew", "running"],
      [
        "accepted done",
        "declared done",
        "somethingNew done",
        "running done",
        "requested now",
        "onChain ahead",
        "registered ahead",
      ],
    ],
  ] as const)("of an agent that is %s after %j", (state, steps, expected) => {
    expect(told(state, ...steps)).toEqual(expected);
  });

  it("has a round for each change", () => {
    const passes = passesOf(entries("accepted", "registered", "changed", "registered", "leaving"));
    expect(passes.map((pass) => pass.map(({ step }) => step))).toEqual([
      ["accepted", "registered"],
      ["changed", "registered"],
      ["leaving"],
    ]);
  });
});

describe("an agent's form", () => {
  const field = (type: string, more: Partial<InputField> = {}): InputField => ({
    id: "it",
    type,
    name: "It",
    ...more,
  });
  const rule = (validation: string, value: string) => ({ validations: [{ validation, value }] });
  const file = (name: string, size = 10) => ({ name, size, type: "text/plain" });

  it.each([
    ["a text that is needed", field("string"), "", "Required"],
    ["a text that may be left out", field("string", rule("optional", "true")), "", undefined],
    ["a short text", field("textarea", rule("min", "5")), "four", "Must have at least 5 characters"],
    ["emoji, each one character", field("text", rule("max", "2")), "\u{1F600}\u{1F600}", undefined],
    ["a number that is none", field("number"), "1x", "Must be a number"],
    ["a number out of bounds", field("number", rule("max", "3")), "4", "Must be at most 3"],
    ["a broken number", field("number", rule("format", "integer")), "1.5", "Must be a whole number"],
    ["an address", field("email"), "ada@example", "Must be an e-mail address"],
    ["a link", field("url"), "javascript:alert(1)", "Must be an http or https address"],
    ["a link by its format", field("string", rule("format", "url")), "https://example.com/x", undefined],
    [
      "a day too early",
      field("date", rule("min", "2026-01-01")),
      "2025-12-31",
      "Must not be before 2026-01-01",
    ],
    ["a choice", field("option", { data: { values: ["a", "b"] } }), "", "Required"],
    [
      "too many choices",
      field("multiselect", { data: { values: ["a", "b"] }, ...rule("max", "1") }),
      ["a", "b"],
      "Must have at most 1",
    ],
    ["a switch that is off", field("boolean"), false, undefined],
    [
      "a file of another type",
      field("file", rule("accept", ".pdf")),
      [file("a.exe")],
      "a.exe is not one of .pdf",
    ],
    ["a file too large to send", field("file"), [file("a.txt", 6_000_000)], "a.txt is larger than 5.0 MB"],
    ["a hidden field", field("hidden", { data: { value: "x" } }), "", undefined],
    ["a type that is not known yet", field("hologram"), "anything", undefined],
  ] as const)("%s", (_, one, value, message) => {
    expect(inputProblems([one], { it: value })).toEqual(
      message === undefined ? [] : [{ field: "it", message }],
    );
  });

  it.each([
    [field("boolean", { data: { default: true } }), true],
    [field("checkbox"), false],
    [field("range", { data: { min: 3 } }), "3"],
    [field("option", { data: { values: ["a", "b"], default: "b" } }), "b"],
    [field("multiselect", { data: { values: ["a"] } }), []],
    [field("file"), []],
  ] as const)("begins %j with %j", (one, value) => {
    expect(firstValue(one)).toEqual(value);
  });
});

describe("documents", () => {
  const rules = { least: 0, most: 2, mostBytes: 1000, types: [".pdf", "text/*"] };
  it.each([
    ["report.PDF", "", true],
    ["notes.md", "text/markdown", true],
    ["tool.exe", "application/x-msdownload", false],
  ])("%s of type %j", (name, type, accepted) => {
    expect(isAccepted({ name, type }, rules.types)).toBe(accepted);
  });

  it("are told all that is wrong with them at once", () => {
    const files = [
      { name: "big.pdf", type: "", size: 2000 },
      { name: "none.pdf", type: "", size: 0 },
      { name: "a.exe", type: "", size: 5 },
    ];
    expect(documentProblems(files, rules, 1)).toEqual([
      "At most 2 documents: remove 2",
      "big.pdf is larger than 1.0 kB",
      "none.pdf is empty",
      "a.exe is not one of .pdf, text/*",
    ]);
    expect(documentProblems([], { ...rules, least: 1 })).toEqual(["Add a document"]);
    expect(documentProblems([], { ...rules, least: 1 }, 1)).toEqual([]);
  });
});

it.each([
  [-5000, "any moment now"],
  [12_000, "in about 15 s"],
  [150_000, "in about 3 min"],
  [8_000_000, "in about 2 h"],
])("says of %i ms that they end %s", (ms, text) => {
  expect(untilText(new Date(1_000_000 + ms).toISOString(), 1_000_000)).toBe(text);
});

it.each([
  [17, "17 bytes"],
  [1234, "1.2 kB"],
  [2_000_000, "2.0 MB"],
])("says %i as %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
