import type { z } from "zod";
import {
  type Complain,
  type Located,
  type Path,
  keysBeside,
  showPathIn,
  toPlain,
  writtenAt,
} from "./located.ts";
import { entriesOf, flow } from "../schema/flow.ts";
import { refusal } from "../schema/refused-keys.ts";
import { accepts, examplesAt, knownKeys } from "./schema-walk.ts";
import { nearest } from "../schema/suggest.ts";

type Issue = z.core.$ZodIssue;

/** What an issue is about: a schema, the value it was applied to, and the value's position in the file. */
interface Subject {
  readonly schema: z.ZodType;
  readonly located: Located;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly complain: Complain;
}

/** Explains zod's findings to the author: what is wrong, and how to correct it. */
export function explainAll(
  issues: readonly Issue[],
  schema: z.ZodType,
  located: Located,
  complain: Complain,
  prefix: Path = [],
): void {
  const raw = toPlain(located.root) as Record<string, unknown>;
  const subject = { schema, located, raw, complain };
  for (const issue of withoutEchoes(issues)) explain(issue, subject, prefix);
}

function explain(issue: Issue, subject: Subject, prefix: Path): void {
  const { complain } = subject;
  const path = [...prefix, ...issue.path.map((step) => (typeof step === "symbol" ? step.toString() : step))];
  const name = showPathIn(subject.located, path);
  const value = valueAt(subject.raw, path);
  switch (issue.code) {
    case "invalid_type":
      return explainType(issue, path, value, subject);
    case "unrecognized_keys":
      for (const key of issue.keys) explainUnknownKey(key, path, subject);
      return;
    case "too_big":
      return complain(path, `${name} ${size(value)}`, `at most ${issue.maximum}`);
    case "too_small":
      return complain(path, `${name} ${size(value)}`, tooSmall(Number(issue.minimum), value, path, subject));
    case "invalid_value":
      return explainChoice(issue, issue.values.map(String), path, value, subject);
    case "invalid_format": {
      const what = issue.format === "email" ? "is not an email address" : "has the wrong format";
      return complain(path, `${name} ${what}`, example(path, subject));
    }
    case "invalid_union":
      return explainUnion(issue, path, value, subject);
    case "invalid_key": {
      const [reason] = issue.issues;
      const remedy = reason?.code === "custom" ? remedyOf(reason) : undefined;
      return complain(path, `"${path.at(-1)}" ${reason?.message ?? "cannot be a key"}`, remedy, "key");
    }
    case "custom":
      return complain(path, [name, quoted(value), issue.message].filter(Boolean).join(" "), remedyOf(issue));
    default:
      return complain(path, `${name} is not valid (${issue.message})`);
  }
}

/** Removes size issues of values with the wrong type: zod also counts the characters of text where a list is expected. */
function withoutEchoes(issues: readonly Issue[]): Issue[] {
  const mistyped = new Set(
    issues.filter(({ code }) => code === "invalid_type").map(({ path }) => path.join("/")),
  );
  return issues.filter(({ code, path }) => !code.startsWith("too_") || !mistyped.has(path.join("/")));
}

const isShortText = (value: unknown): value is string =>
  typeof value === "string" && value.trim() !== "" && value.length <= 60;

/** Returns short text in quotes, unless it contains an @ and could therefore contain a password. */
const quoted = (value: unknown) => (isShortText(value) && !value.includes("@") ? `"${value}"` : "");

function remedyOf(issue: Issue): string | undefined {
  const remedy: unknown = issue.code === "custom" ? issue.params?.["remedy"] : undefined;
  return typeof remedy === "string" ? remedy : undefined;
}

/** Returns a schema's own `error` message; undefined if it is zod's default. */
const said = ({ message }: { readonly message: string }) =>
  message.startsWith("Invalid") ? undefined : message;

function explainType(issue: z.core.$ZodIssueInvalidType, path: Path, value: unknown, subject: Subject): void {
  const { complain, located } = subject;
  const name = showPathIn(subject.located, path) || "the agent";
  if (value === undefined || value === null) return explainAbsence(path, value, subject);
  const remedy = said(issue) ?? remedyForType(issue.expected, path, value, subject, writtenAt(located, path));
  complain(path, `${name} is ${describe(value)}`, remedy);
}

function explainAbsence(path: Path, value: null | undefined, subject: Subject): void {
  const name = showPathIn(subject.located, path) || "the agent";
  const shown = example(path, subject);
  if (value === undefined) subject.complain(path, `${name} is missing`, shown);
  else subject.complain(path, `${name} is empty`, shown ?? "give it a value or remove it");
}

function remedyForType(
  expected: string,
  path: Path,
  value: unknown,
  subject: Subject,
  written: string | undefined,
): string {
  const { schema, raw } = subject;
  if (expected === "string" && typeof value === "object" && !Array.isArray(value)) {
    return 'expected text; text that begins with { or contains ": " must be in "…"';
  }
  if (expected === "string" && written !== undefined && accepts(schema, raw, path, written)) {
    return `expected text: write "${written}"`;
  }
  const entries = expected === "array" && typeof value === "string" ? entriesOf(value) : [];
  if (entries.length > 0 && accepts(schema, raw, path, entries))
    return `expected a list: write ${flow(entries)}`;
  const wanted = WANTED[expected] ?? `expected ${expected}`;
  const shown = example(path, subject);
  return shown ? `${wanted}, ${shown}` : wanted;
}

const WANTED: Readonly<Record<string, string>> = {
  string: "expected text",
  number: "expected a number without quotes",
  int: "expected a whole number",
  boolean: "write true or false",
  array: "expected a list",
  object: "expected a map of keys",
  record: "expected a map of keys",
};

function explainUnknownKey(key: string, path: Path, subject: Subject): void {
  const { schema, raw, complain, located } = subject;
  const at = [...path, key];
  const within = path.length === 3 && path[0] === "crew" ? `crew.${path[1]}.*` : path.join(".");
  const refused = refusal(within, key, valueAt(raw, at), { declaration: raw });
  if (refused) return complain(at, `"${key}" is refused: ${refused.reason}`, refused.remedy, "key");
  const place = path.length > 0 ? ` in ${showPathIn(located, path)}` : "";
  const present = keysBeside(located, at);
  complain(
    at,
    `unknown key "${key}"${place}`,
    unknownKeyRemedy(key, knownKeys(schema, raw, path), present),
    "key",
  );
}

function unknownKeyRemedy(key: string, known: readonly string[], present: readonly string[]): string {
  const near = nearest(key, known);
  if (near) return present.includes(near) ? `remove it; "${near}" is there too` : `did you mean "${near}"?`;
  const others = known.filter((one) => !present.includes(one));
  return others.length > 0 ? `remove it, or choose from ${others.join(", ")}` : "remove it";
}

function explainChoice(
  issue: Issue,
  known: readonly string[],
  path: Path,
  value: unknown,
  subject: Subject,
): void {
  const name = showPathIn(subject.located, path);
  if (value === undefined || value === null) return explainAbsence(path, value, subject);
  const near = typeof value === "string" ? nearest(value, known) : undefined;
  const remedy = near ? `did you mean ${flow(near)}?` : (said(issue) ?? choices(known));
  subject.complain(path, `${name} is ${describe(value)}`, remedy);
}

function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  value: unknown,
  subject: Subject,
): void {
  if (issue.discriminator !== undefined) {
    const known = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    if (value === undefined) return explainNoKind(issue.discriminator, known, path, subject);
    return explainChoice(issue, known, path, value, subject);
  }
  const meant = issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
  if (meant) {
    for (const inner of withoutEchoes(meant)) explain(inner, subject, path);
    return;
  }
  if (value === undefined || value === null) return explainAbsence(path, value, subject);
  const words = issue.errors.flatMap((issues) =>
    issues.flatMap((one) => (one.code === "invalid_value" ? one.values.map(String) : [])),
  );
  const near = typeof value === "string" ? nearest(value, words) : undefined;
  const examples = examplesAt(subject.schema, subject.raw, path).map(flow).join(" or ");
  subject.complain(
    path,
    `${showPathIn(subject.located, path)} is ${describe(value)}`,
    near ? `did you mean ${flow(near)}?` : (said(issue) ?? (examples && `write ${examples}`)),
  );
}

/** Explains that a map does not say which kind of thing it is; the key that says it may only be misspelled. */
function explainNoKind(key: string, known: readonly string[], path: Path, subject: Subject): void {
  const map = path.slice(0, -1);
  const misspelled = nearest(key, Object.keys(valueAt(subject.raw, map) ?? {}));
  if (misspelled) return explainUnknownKey(misspelled, map, subject);
  subject.complain(path, `${showPathIn(subject.located, path)} is missing`, choices(known));
}

const MOST_CHOICES = 8;

function choices(known: readonly string[]): string {
  const shown = known.slice(0, MOST_CHOICES).join(", ");
  return `write ${known.length > 1 ? "one of " : ""}${shown}${known.length > MOST_CHOICES ? ", …" : ""}`;
}

function tooSmall(minimum: number, value: unknown, path: Path, subject: Subject): string {
  if (typeof value === "number") return `at least ${minimum}`;
  const shown = example(path, subject);
  if (typeof value === "string") return shown ?? "write something or remove it";
  return shown ? `expected at least ${minimum}, ${shown}` : `expected at least ${minimum}`;
}

function size(value: unknown): string {
  if (typeof value === "number") return `is ${value}`;
  if (Array.isArray(value)) return value.length === 0 ? "is an empty list" : `has ${value.length} entries`;
  const { length } = String(value).trim();
  return length === 0 ? "is blank" : `has ${length} characters`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of keys";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value !== "string") return JSON.stringify(value);
  const text = value.trim();
  return text.length > 40 ? `"${text.slice(0, 40)}…"` : `"${text}"`;
}

function example(path: Path, { schema, raw }: Subject): string | undefined {
  const [first] = examplesAt(schema, raw, path);
  if (first === undefined) return undefined;
  const key = path.at(-1);
  return `for example ${typeof key === "string" ? `${key}: ` : ""}${flow(first)}`;
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (node, step) => (node as Record<string, unknown> | null | undefined)?.[step],
    raw,
  );
}
