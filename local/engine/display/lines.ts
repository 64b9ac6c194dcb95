import type { Diagnostic, EngineEvent, StepInfo } from "../types.ts";
import { deepEquals, type PropertyChange, type Value } from "../values.ts";
import { printableJson } from "./printable.ts";
import { childrenOf, inline, shortened, shortenedPair } from "./value-text.ts";
import { duration, labelOf, OP_WORDS, type Paint } from "./words.ts";

type RunEnd = Extract<EngineEvent, { kind: "run-end" }>;

/** One line for a step: ` ~  Thing a updated (0.1s) [diff: ~size]`. */
export function stepLine(
  step: StepInfo,
  word: string,
  milliseconds: number | undefined,
  paint: Paint,
): string {
  const { symbol, style } = OP_WORDS[step.op];
  const time = milliseconds === undefined ? "" : ` (${duration(milliseconds)})`;
  const retained = step.retained === true ? " [retain]" : "";
  return ` ${paint(style, `${symbol} ${labelOf(step)} ${word}`)}${time}${retained}${diffSuffix(step.changes ?? [], paint)}`;
}

/** ` [diff: +added~changed-gone]` */
function diffSuffix(changes: readonly PropertyChange[], paint: Paint): string {
  const named = (kind: PropertyChange["kind"]): string =>
    changes
      .filter((change) => change.kind === kind)
      .map(({ property }) => property)
      .join(",");
  const parts = [
    ["+", named("add")],
    ["-", named("delete")],
    ["~", named("update")],
  ];
  const text = parts.map(([sign, names]) => (names === "" ? "" : `${sign}${names}`)).join("");
  return text === "" ? "" : paint("dim", ` [diff: ${text}]`);
}

const MAX_CHANGE_LINES = 20;

/** Below a planned step: every value that changes, also within objects and lists, old and new. */
export function changeLines(changes: readonly PropertyChange[], paint: Paint): string[] {
  const lines = changes.flatMap(({ property, old, new: wanted }) =>
    valueChanges(property, old, wanted, paint),
  );
  const more = lines.length - MAX_CHANGE_LINES;
  const shown = more > 0 ? [...lines.slice(0, MAX_CHANGE_LINES), `… and ${more} more`] : lines;
  return shown.map((line) => `        ${line}`);
}

function valueChanges(
  path: string,
  old: Value | undefined,
  wanted: Value | undefined,
  paint: Paint,
): string[] {
  const [before, after] = [old ?? null, wanted ?? null];
  if (deepEquals(before, after) && !masks(before)) return [];
  const [left, right] = [childrenOf(before), childrenOf(after)];
  const sameShape = left !== undefined && right !== undefined && left.list === right.list;
  if (sameShape || (before === null && right !== undefined) || (after === null && left !== undefined)) {
    const [children, others] = [left?.children ?? {}, right?.children ?? {}];
    const list = (left ?? right)?.list === true;
    return [...new Set([...Object.keys(children), ...Object.keys(others)])].flatMap((key) =>
      valueChanges(list ? `${path}[${key}]` : `${path}.${key}`, children[key], others[key], paint),
    );
  }
  if (before === null) return [paint("green", `+ ${path}: ${shortened(inline(after))}`)];
  if (after === null) return [paint("red", `- ${path}: ${shortened(inline(before))}`)];
  const [from, to] = shortenedPair(inline(before), inline(after));
  return [paint("yellow", `~ ${path}: ${from} => ${to}`)];
}

const masks = (value: Value): boolean => value === "[secret]" || value === "[unknown]";

export function messageLines(
  { severity, message }: Pick<Diagnostic, "severity" | "message">,
  paint: Paint,
): string[] {
  const [first = "", ...rest] = message.trimEnd().split("\n");
  const prefix =
    severity === "error"
      ? paint("red", "error: ")
      : severity === "warning"
        ? paint("yellow", "warning: ")
        : "";
  return [prefix + first, ...rest];
}

export function outputLines({ outputs, outputChanges }: RunEnd, paint: Paint): string[] {
  const names = Object.keys(outputs).toSorted();
  const gone = outputChanges.filter(({ kind }) => kind === "delete");
  if (names.length + gone.length === 0) return [];
  const width = Math.max(...[...names, ...gone.map(({ property }) => property)].map((name) => name.length));
  const line = (sign: string, name: string, value: Value): string[] => {
    const [first = "", ...rest] = valueLines(value, paint);
    return [`  ${sign} ${name.padEnd(width)}: ${first}`, ...rest.map((text) => `    ${text}`)];
  };
  const signs = { add: paint("green", "+"), update: paint("yellow", "~"), delete: paint("red", "-") };
  const kindOf = new Map(outputChanges.map(({ property, kind }) => [property, kind]));
  const signOf = (name: string): string => {
    const kind = kindOf.get(name);
    return kind === undefined ? " " : signs[kind];
  };
  return [
    paint("bold", "Outputs:"),
    ...names.flatMap((name) => line(signOf(name), name, outputs[name] ?? null)),
    ...gone.flatMap(({ property, old }) => line(signs.delete, property, old ?? null)),
    "",
  ];
}

function valueLines(value: Value, paint: Paint): string[] {
  if (typeof value !== "object" || value === null) {
    return [masks(value) ? paint("dim", String(value)) : printableJson(value)];
  }
  const isList = Array.isArray(value);
  const entries: [string, Value][] = Object.entries(value);
  if (entries.length === 0) return [isList ? "[]" : "{}"];
  const children = entries.flatMap(([key, child]) => {
    const [first = "", ...rest] = valueLines(child, paint);
    return [`${isList ? `[${key}]` : key}: ${first}`, ...rest].map((text) => `    ${text}`);
  });
  return [isList ? "[" : "{", ...children, isList ? "]" : "}"];
}

const COUNTED = ["create", "update", "replace", "read", "delete"] as const;

export function summaryLines(
  { changes, operation, milliseconds, ok }: RunEnd,
  errors: number,
  paint: Paint,
): string[] {
  const planned = operation === "preview";
  const counted = COUNTED.filter((op) => changes[op] > 0);
  const total = counted.reduce((sum, op) => sum + changes[op], 0);
  const rows = counted.map((op) => {
    const { symbol, style, planned: plan, done } = OP_WORDS[op];
    return `    ${paint(style, `${symbol}${changes[op]} ${planned ? `to ${plan}` : done}`)}`;
  });
  const unchanged = changes.same === 0 ? "" : `${changes.same} unchanged`;
  const sum = counted.length > 1 ? `${total} changes. ${unchanged}` : unchanged;
  const said = [
    ...rows,
    ...(sum === "" ? [] : [`    ${sum.trimEnd()}`]),
    ...(ok ? [] : [`    ${paint("red", errors === 1 ? "1 error" : `${errors} errors`)}`]),
  ];
  const title = paint("bold", "Resources:");
  return [
    ...(said.length === 0 ? [`${title} none`] : [title, ...said]),
    "",
    ...(planned ? [] : [`Duration: ${duration(milliseconds)}`, ""]),
  ];
}
