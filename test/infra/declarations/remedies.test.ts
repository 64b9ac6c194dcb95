import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Document, Scalar, isMap, isScalar, isSeq, parse, parseDocument } from "yaml";
import { type Complaint, loadAgents } from "../../../infra/declarations/index.ts";

/*
 * Follows remedies to the letter, as an author would: a complaint whose remedy can be applied by a program must be gone
 * afterwards, and no other may have come instead.
 */

const root = mkdtempSync(join(tmpdir(), "remedies-"));
mkdirSync(join(root, "agents"));
afterAll(() => rmSync(root, { recursive: true }));

const EVERY_KEY = readFileSync(
  join(import.meta.dirname, "../../fixtures/declarations/valid/every-key/agents/weather.yaml"),
  "utf8",
);

function complaintsAbout(text: string): Complaint[] {
  writeFileSync(join(root, "agents/weather.yaml"), text);
  const { complaints } = loadAgents({
    folder: "agents",
    projectRoot: root,
    stack: "mainnet",
    network: "Mainnet",
    hosting: "ecs-alb",
    wallets: [{ vkey: "b".repeat(56), type: "V2" }],
  });
  return complaints;
}

type Path = (string | number)[];

/** `crew.tasks[0].agent` as the steps of a path; undefined for what is none. */
function pathOf(shown: string): Path | undefined {
  if (!/^[\w-]+(\.[\w-]+|\[\d+\])*$/.test(shown)) return undefined;
  return shown.split(/[.[]/).map((step) => (step.endsWith("]") ? Number(step.slice(0, -1)) : step));
}

/** Returns the path of the pair or item that begins at a place, the innermost. */
function pathAt(document: Document, { line, column }: Complaint, text: string): Path {
  const offset =
    text
      .split("\n")
      .slice(0, line - 1)
      .join("\n").length +
    (line > 1 ? 1 : 0) +
    column -
    1;
  let found: Path = [];
  const walk = (node: unknown, path: Path) => {
    const pairs: [unknown, unknown, string | number][] = isMap(node)
      ? node.items.map(({ key, value }) => [key, value, String((key as Scalar).value)])
      : isSeq(node)
        ? node.items.map((item, index) => [item, item, index])
        : [];
    for (const [key, value, step] of pairs) {
      const starts = [key, value].map((one) => (one as Scalar | null)?.range?.[0]);
      if (starts.includes(offset)) found = [...path, step];
      walk(value, [...path, step]);
    }
  };
  walk(document.contents, []);
  return found;
}

function rename(document: Document, path: Path, name: string): void {
  const map = document.getIn(path.slice(0, -1), true) ?? document.contents;
  if (!isMap(map)) throw new Error(`${path.join(".")} is in no map`);
  const pair = map.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
  if (pair) pair.key = new Scalar(name);
}

type Follow = (document: Document, path: Path, found: RegExpExecArray, complaint: Complaint) => void;

const set: Follow = (document, path, [, written = ""]) => document.setIn(path, parse(written));

/** Remedies that say exactly what to do, and how to do it. The first that fits is followed. */
const FOLLOW: readonly (readonly [remedy: RegExp, follow: Follow])[] = [
  [
    /write model: (\{.*\}) at the top level$/,
    (document, path, [, written = ""]) => {
      document.deleteIn(path);
      for (const [key, value] of Object.entries(parse(written) as object))
        document.setIn(["model", key], value);
    },
  ],
  [
    /^write pricing: (.*)$/,
    (document, path, [, written = ""], { message }) => {
      if (message.includes("is refused")) document.deleteIn(path);
      document.set("pricing", parse(written));
    },
  ],
  [/^expected (?:a list|text): write (.+)$/, set],
  [/^write (\{.*?\})(?: or .*)?$/, set],
  [/^write one of ([^,]+), .*$/, set],
  [/^write (true) or false$/, set],
  [/^available tools: (\w+), /, set],
  [
    /(?:^|, )for example ([\w-]+): (.+)$/,
    (document, path, [, key = "", written = ""]) => {
      const isThere = path.at(-1) === key || (typeof path.at(-1) === "number" && path.at(-2) === key);
      const map = path.slice(
        0,
        path.findLastIndex((_, end) => isMap(document.getIn(path.slice(0, end + 1)))) + 1,
      );
      document.setIn(isThere ? path : [...map, key], parse(written));
    },
  ],
  [
    /^did you mean \{?"?([^"?}]+)"?\}?\?/,
    (document, path, [, meant = ""], { message }) => {
      const [, wrong = "", key] = /^unknown key "(.*?)"|^\{(.*?)\}/.exec(message) ?? [];
      if (/^unknown key|is not in "only"/.test(message)) rename(document, path, meant);
      else if (key !== undefined) {
        document.setIn(path, String(document.getIn(path)).replaceAll(`{${key}}`, `{${meant}}`));
      } else document.setIn(path, wrong || meant);
    },
  ],
  [
    /^choose from ([^,]+)(?:, |$)/,
    (document, path, found, complaint) => {
      if (complaint.message.includes('is not in "only"')) rename(document, path, found[1] ?? "");
      else set(document, path, found, complaint);
    },
  ],
  [
    /^add (\{.*\}) to input$/,
    (document, _path, [, written = ""]) => {
      const { input } = document.toJS() as { input?: unknown };
      const field: unknown = parse(written);
      document.set(
        "input",
        document.createNode(Array.isArray(input) ? [...(input as unknown[]), field] : [field]),
      );
    },
  ],
  [
    /^at (?:least|most) (\d+)$/,
    (document, path, [, bound = ""], { message }) => {
      const value = document.getIn(path);
      if (isSeq(value)) value.items.length = Number(bound);
      else if (/ is -?[\d.e+]+$/.test(message)) document.setIn(path, Number(bound));
    },
  ],
  [/^(?:.*, )?remove it(?:;|,|$)/, (document, path) => void document.deleteIn(path)],
];

/** Returns the path that a complaint names if it is there or missing, as in `pricing.fixed is missing`; else the one at its place. */
function placeOf(document: Document, complaint: Complaint, text: string): Path {
  const at = pathAt(document, complaint, text);
  const [, shown = "", verb = ""] = /^([\w-]+(?:\.[\w-]+|\[\d+\])*) (is|has) /.exec(complaint.message) ?? [];
  const named = pathOf(shown);
  if (!named || !verb || at.join(".").endsWith(named.join("."))) return at;
  return document.hasIn(named) || complaint.message.endsWith("is missing") ? named : at;
}

/** Returns the text after following a remedy; undefined if no program can follow it. */
function follow(text: string, complaint: Complaint): string | undefined {
  const document = parseDocument(text);
  const path = placeOf(document, complaint, text);
  for (const [pattern, apply] of FOLLOW) {
    const found = pattern.exec(complaint.remedy ?? "");
    if (!found) continue;
    apply(document, path, found, complaint);
    return document.toString({ lineWidth: 0 });
  }
  return undefined;
}

/** Complaints about parts that do not fit together: what was written stands alone, and is right as such. */
const BETWEEN_PARTS =
  /is not an? (agent|task|input field)|never uses it|has no task|has no agent|so this never applies|has no container|but the wallet is|is not finished|always run/;

/** Whether a remedy leaves something open: an example needs what it refers to, and what kind of thing it is says what it needs. */
const isOpen = ({ message, remedy = "" }: Complaint) =>
  remedy.includes("for example") || message.endsWith(".type is missing");

/** Every path of a declaration, to its keys and to its items. */
function* pathsIn(node: unknown, path: Path = []): Generator<Path> {
  const children: [string | number, unknown][] = Array.isArray(node)
    ? node.map((child, index) => [index, child])
    : typeof node === "object" && node !== null
      ? Object.entries(node)
      : [];
  for (const [step, child] of children) {
    yield [...path, step];
    yield* pathsIn(child, [...path, step]);
  }
}

const WRONG: readonly unknown[] = [null, true, 1.5, "", "5 USDM", "- one\n- two: three\n", [], { a: 1 }];

/** CrewAI's keys with values that are not taken, and others that people write. */
const FOREIGN: readonly (readonly [path: Path, value: unknown])[] = [
  ...Object.entries({
    llm: "openai/gpt-4o",
    model: "gpt-4.1-mini",
    temperature: 0.2,
    max_tokens: 4000,
    verbose: true,
    memory: true,
    allow_delegation: true,
    reasoning: true,
    max_reasoning_attempts: 3,
    multimodal: true,
    embedder: { provider: "openai" },
    respect_context_window: false,
    use_system_prompt: false,
    date_format: "%d.%m.%Y",
    max_execution_time: 60,
    cache: 1,
    allow_code_execution: true,
    function_calling_llm: "gpt-4o",
    mcps: ["docs"],
    name: "Bob",
    max_retry_limit: 3,
    llm_temperature: 0.2,
    tool_names: ["calculate"],
    system_prompt: "Rhyme.",
  }).map(([key, value]): [Path, unknown] => [["crew", "agents", "poet", key], value]),
  ...Object.entries({
    async_execution: true,
    output_file: "out.md",
    output_pydantic: "Poem",
    tools: ["calculate"],
    callback: "done",
    max_retries: 2,
    dependencies: ["forecast"],
    instructions: "Rhyme.",
    guardrails: ["It rhymes."],
    create_directory: 1,
  }).map(([key, value]): [Path, unknown] => [["crew", "tasks", 1, key], value]),
  ...Object.entries({
    memory: true,
    planning: true,
    manager_llm: "gpt-4o",
    share_crew: true,
    cache: true,
    stream: true,
    name: "c",
  }).map(([key, value]): [Path, unknown] => [["crew", key], value]),
  [["tasg"], ["x"]],
  [["tag"], ["x"]],
  [["price"], "5 USDM"],
  [["author", "mail"], "a@example.com"],
  [["resources", "autoscaling"], {}],
  [["resources", "autoscaling"], { max: 1 }],
  [["input", 0, "data"], { defalt: "Rome" }],
  [
    ["input", 0, "validations"],
    [
      { validation: "mni", value: 1 },
      { validation: "format", value: "mail" },
      { validation: "optional", value: "yes" },
    ],
  ],
  [["pricing"], { fixed: ["0 USDM"] }],
];

function mistakes(): Map<string, string> {
  const texts = new Map<string, string>();
  const change = (name: string, edit: (document: Document) => void) => {
    const document = parseDocument(EVERY_KEY);
    edit(document);
    texts.set(name, document.toString({ lineWidth: 0 }));
  };
  for (const path of pathsIn(parse(EVERY_KEY))) {
    const shown = path.join(".");
    for (const wrong of WRONG) {
      change(`${shown} = ${JSON.stringify(wrong)}`, (document) => document.setIn(path, wrong));
    }
    change(`no ${shown}`, (document) => void document.deleteIn(path));
    const key = path.at(-1);
    if (typeof key !== "string" || key.length < 4) continue;
    change(`${shown} misspelled`, (document) => rename(document, path, key.slice(0, 2) + key.slice(3)));
    change(`${shown} in capitals`, (document) => rename(document, path, key.toUpperCase()));
  }
  for (const [path, value] of FOREIGN) {
    change(`${path.join(".")} = ${JSON.stringify(value)}`, (document) => document.setIn(path, value));
  }
  return texts;
}

describe("a remedy", () => {
  it("is accepted when it is followed", { timeout: 120_000 }, () => {
    expect(complaintsAbout(EVERY_KEY)).toEqual([]);
    let followed = 0;
    const failures: unknown[] = [];
    for (const [mistake, text] of mistakes()) {
      const before = complaintsAbout(text);
      for (const complaint of before) {
        const after = follow(text, complaint);
        if (after === undefined) continue;
        followed += 1;
        const messages = new Set(before.map(({ message }) => message));
        const left = complaintsAbout(after);
        const isGone = left.every(({ message }) => message !== complaint.message);
        const news = left.filter(({ message }) => !messages.has(message) && !BETWEEN_PARTS.test(message));
        if (isGone && (news.length === 0 || isOpen(complaint))) continue;
        failures.push({ mistake, complaint: `${complaint.message}, ${complaint.remedy}`, left });
      }
    }
    expect(failures.slice(0, 10)).toEqual([]);
    expect(failures).toHaveLength(0);
    expect(followed).toBeGreaterThan(500);
  });
});
