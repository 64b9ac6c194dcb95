import type { StepInfo } from "../types.ts";
import { deepEquals, type PropertyMap, type Value } from "../values.ts";
import { printableJson } from "./printable.ts";
import { OP_WORDS, type Paint, type Style } from "./words.ts";

const STEP_INDENT = "    ";
const PROPERTY_INDENT = "        ";
const SIGNS = { "+": "green", "-": "red", "~": "yellow" } as const satisfies Record<string, Style>;
type Sign = keyof typeof SIGNS | " ";

/** A planned step in full, as `preview --diff` shows it: what identifies the resource, then every input, with what changes in it. */
export function diffLines(step: StepInfo, paint: Paint): string[] {
  const { symbol, style, planned } = OP_WORDS[step.op];
  const { before, after } = step.properties ?? {};
  const identity = [
    ...(step.id === undefined ? [] : [`[id=${step.id}]`]),
    `[urn=${step.urn}]`,
    ...(step.provider === undefined ? [] : [`[provider=${step.provider}]`]),
  ];
  // What is created or deleted as a whole has no old or no new side to compare with.
  const whole = before === undefined || after === undefined;
  const properties = whole
    ? Object.entries(after ?? before ?? {})
        .filter(([key]) => key !== CODE)
        .toSorted(byKey)
        .flatMap(([key, value]) => valueLines(" ", key, value, PROPERTY_INDENT, paint))
    : objectDiff(before, after, PROPERTY_INDENT, paint);
  return [
    `${STEP_INDENT}${paint(style, `${symbol}${step.type}: (${planned})`)}`,
    ...identity.map((line) => `${PROPERTY_INDENT}${paint("dim", line)}`),
    ...properties,
  ];
}

/** The compiled code of a dynamic provider: long, and nothing that a reader of a difference looks for. */
const CODE = "__provider";

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function objectDiff(before: PropertyMap, after: PropertyMap, indent: string, paint: Paint): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys
    .filter((key) => key !== CODE)
    .flatMap((key) => valueDiff(key, before[key], after[key], indent, paint));
}

function valueDiff(
  label: string,
  before: Value | undefined,
  after: Value | undefined,
  indent: string,
  paint: Paint,
): string[] {
  if (deepEquals(before, after)) return valueLines(" ", label, after ?? null, indent, paint);
  if ((before ?? null) === null) return valueLines("+", label, after ?? null, indent, paint);
  if ((after ?? null) === null) return valueLines("-", label, before ?? null, indent, paint);
  const [left, right] = [childrenOf(before ?? null), childrenOf(after ?? null)];
  if (left === undefined || right === undefined || left.list !== right.list) {
    const text = `${label}: ${inline(before ?? null)} => ${inline(after ?? null)}`;
    return [signed("~", indent, text, paint)];
  }
  return [
    signed("~", indent, `${label}: ${left.list ? "[" : "{"}`, paint),
    ...[...new Set([...Object.keys(left.children), ...Object.keys(right.children)])].flatMap((key) =>
      valueDiff(
        left.list ? `[${key}]` : key,
        left.children[key],
        right.children[key],
        `${indent}    `,
        paint,
      ),
    ),
    `${indent}${left.list ? "]" : "}"}`,
  ];
}

function valueLines(sign: Sign, label: string, value: Value, indent: string, paint: Paint): string[] {
  const nested = childrenOf(value);
  if (nested === undefined || Object.keys(nested.children).length === 0)
    return [signed(sign, indent, `${label}: ${inline(value)}`, paint)];
  return [
    signed(sign, indent, `${label}: ${nested.list ? "[" : "{"}`, paint),
    ...Object.entries(nested.children).flatMap(([key, child]) =>
      valueLines(sign, nested.list ? `[${key}]` : key, child, `${indent}    `, paint),
    ),
    signed(sign, indent, nested.list ? "]" : "}", paint),
  ];
}

/** The sign stands in the two places before the indent. */
function signed(sign: Sign, indent: string, text: string, paint: Paint): string {
  if (sign === " ") return `${indent}${text}`;
  return `${indent.slice(2)}${paint(SIGNS[sign], `${sign} ${text}`)}`;
}

function childrenOf(value: Value): { list: boolean; children: Readonly<Record<string, Value>> } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return { list: Array.isArray(value), children: Object.fromEntries(Object.entries(value)) };
}

function inline(value: Value): string {
  return value === "[secret]" || value === "[unknown]" ? value : printableJson(value);
}
