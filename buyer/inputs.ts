import { printable } from "../providers/common/printable.ts";
import type { Field } from "./agent-wire.ts";
import { HireError, listed } from "./hire-error.ts";

/** What was entered for an agent's fields. */
export interface Entered {
  /** Every name that something was entered for, also such as are no field of the agent. */
  readonly names: readonly string[];
  /** Return what was entered for a field; a list of texts may stand for one text. */
  valueFor(field: Field): unknown;
}

/** Return values by their fields' ids as something that was entered. */
export const enteredValues = (values: Readonly<Record<string, unknown>>): Entered => ({
  names: Object.keys(values),
  valueFor: ({ id }) => (Object.hasOwn(values, id) ? values[id] : undefined),
});

/** A job's input, or an answer: each field as its type wants it. */
export type InputData = Readonly<Record<string, unknown>>;

/**
 * Return the job's input: what was entered, each as its field's type wants it. Fields that were left out are left out.
 *
 * @throws HireError HIRE_INPUT_INVALID with every problem: unknown, missing and unfit fields
 */
export function inputDataOf(fields: readonly Field[], entered: Entered): InputData {
  const { input, problems } = fitInput(fields, entered);
  if (problems.length === 0) return input;
  throw new HireError(
    "HIRE_INPUT_INVALID",
    `The input does not fit the agent's input schema; nothing was started.${listed(problems)}`,
    `\nIts fields:${listed(fields.map(describeField)) || " none"}\n${howToEnter(fields)}`,
  );
}

/** Return what was entered as its fields want it, and what does not fit: unknown, missing and unfit fields. */
export function fitInput(
  fields: readonly Field[],
  entered: Entered,
): { readonly input: InputData; readonly problems: readonly string[] } {
  const known = new Set(fields.map(({ id }) => id));
  const problems = entered.names
    .filter((name) => !known.has(name))
    .map((name) => `${printable(name)}: is not a field of this agent`);
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    try {
      const value = valueOf(field, entered.valueFor(field));
      if (value !== undefined) input[field.id] = value;
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      problems.push(printable(`${field.id}: ${error.message}`));
    }
  }
  return { input, problems };
}

function howToEnter(fields: readonly Field[]): string {
  const words = fields.filter(isEnterable).map((field) => {
    const value = isOptional(field) ? undefined : (exampleOf(field) ?? "…");
    return value === undefined ? "" : ` --input ${printable(field.id)}=${quoted(value)}`;
  });
  return `Give each with --input name=value${words.some(Boolean) ? `:${words.join("")}` : "."}`;
}

const quoted = (text: string) =>
  /^[\w…./:@-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", "’")}'`;

/** Return whether anything can be entered for a field at all. */
export const isEnterable = ({ type }: Field): boolean => type !== "none" && type !== "hidden";

const dataText = ({ data }: Field, name: string): string | undefined => {
  const value = data?.[name];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
};

/** Return what the agent says is meant where nothing is entered. */
export const defaultOf = (field: Field): string | undefined => dataText(field, "default");

/** Return what might be entered for a field, as far as the agent says. */
export const exampleOf = (field: Field): string | undefined =>
  dataText(field, "placeholder") ?? defaultOf(field) ?? field.data?.values?.[0];

/** Return a field for people: `language (option, optional): Language of the minutes; one of English, Deutsch`. */
export function describeField(field: Field): string {
  const { id, type, name, data } = field;
  const choices = data?.values?.length ? `; one of ${data.values.join(", ")}` : "";
  const standard = defaultOf(field);
  const example = dataText(field, "placeholder");
  const more = [
    ...(example === undefined ? [] : [`for example ${example}`]),
    ...(standard === undefined ? [] : [`default ${standard}`]),
  ];
  const optional = isEnterable(field) && isOptional(field) ? ", optional" : "";
  return printable(
    `${id} (${type}${optional})${name ? `: ${name}` : ""}${choices}${more.map((text) => `; ${text}`).join("")}`,
  );
}

/** Why one value does not fit its field; never says the value. */
class Unfit extends Error {}

const TEXTS = ["string", "text", "textarea", "search", "password", "email", "url", "tel"];
const CHOICES = ["option", "radio", "multiselect"];
const MOMENTS: Readonly<Record<string, { readonly shape: RegExp; readonly example: string }>> = {
  date: { shape: /^\d{4}-\d\d-\d\d(T.+)?$/, example: "a date such as 2026-12-31" },
  "datetime-local": {
    shape: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/,
    example: "a date and time such as 2026-12-31T18:00",
  },
  time: { shape: /^\d\d:\d\d/, example: "a time such as 18:00" },
  month: { shape: /^\d{4}-\d\d$/, example: "a month such as 2026-12" },
  week: { shape: /^\d{4}-W\d\d$/, example: "a week such as 2026-W53" },
};
const URL_TEXT = /^https?:\/\/[^\s/]+\S*$/;

const rulesOf = ({ validations }: Field, name: string) =>
  (validations ?? []).filter(({ validation }) => validation === name).map(({ value }) => String(value));
/** Return whether a field may be left out. */
export const isOptional = (field: Field): boolean =>
  field.type === "none" || rulesOf(field, "optional").includes("true");
/** Whether a list may be empty by the field's own bounds. */
const mayBeNone = (field: Field) => {
  const least = rulesOf(field, "min").map(Number);
  return (isList(field) || CHOICES.includes(field.type)) && least.length > 0 && Math.max(...least) <= 0;
};
const isEmpty = (entered: unknown) =>
  entered === undefined ||
  entered === null ||
  entered === "" ||
  (Array.isArray(entered) && entered.length === 0);

/**
 * Return the value of a field as JSON, from the texts of --input (a list) or a member of --inputs; undefined to leave it out.
 *
 * @throws Unfit
 */
function valueOf(field: Field, entered: unknown): unknown {
  const given =
    Array.isArray(entered) && entered.length === 1 && !isList(field) ? (entered[0] as unknown) : entered;
  if (!isEnterable(field)) {
    if (isEmpty(given)) return undefined;
    throw new Unfit("takes no input: leave it out");
  }
  if (isEmpty(given)) {
    if (isOptional(field)) return undefined;
    if (Array.isArray(given) && mayBeNone(field)) return [];
    throw new Unfit("is required");
  }
  if (field.type === "number" || field.type === "range") return numberOf(field, given);
  if (field.type === "boolean" || field.type === "checkbox") return booleanOf(given);
  if (CHOICES.includes(field.type)) return choiceOf(field, given);
  if (field.type === "file") return fileOf(field, given);
  return textOf(field, given);
}

/** Whether a field takes several values. */
export const isList = ({ type }: Field) => type === "multiselect" || type === "file";

function textOf(field: Field, given: unknown): string {
  if (typeof given !== "string") throw new Unfit("must be a single text");
  const moment = MOMENTS[field.type];
  if (moment && !moment.shape.test(given)) throw new Unfit(`must be ${moment.example}`);
  if (field.type === "color" && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(given)) {
    throw new Unfit("must be a colour such as #1a73e8");
  }
  if (!TEXTS.includes(field.type)) return given;
  // In characters, as people count them, not in UTF-16 units.
  checkBounds(field, Array.from(given).length, "character");
  const formats = [...rulesOf(field, "format"), field.type];
  if (formats.includes("nonempty") && given.trim() === "") throw new Unfit("must not be empty");
  if (formats.includes("email") && !/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/.test(given)) {
    throw new Unfit("must be an e-mail address");
  }
  if (formats.includes("url") && !URL_TEXT.test(given)) throw new Unfit("must be an http or https URL");
  return given;
}

function numberOf(field: Field, given: unknown): number {
  const isNumeral = typeof given === "string" && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(given.trim());
  const number = isNumeral ? Number(given) : given;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new Unfit("must be a number");
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
    throw new Unfit("must be a number that JSON readers can represent exactly (up to 2^53)");
  }
  if (rulesOf(field, "format").includes("integer") && !Number.isInteger(number)) {
    throw new Unfit("must be a whole number");
  }
  checkBounds(field, number);
  return number;
}

function booleanOf(given: unknown): boolean {
  const words: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false };
  const value = typeof given === "string" ? words[given.toLowerCase()] : given;
  if (typeof value === "boolean") return value;
  throw new Unfit("must be true or false");
}

/** A choice by its text, or by its number from 0 as the marketplace has it; its text is sent. */
function choiceOf(field: Field, given: unknown): string | string[] {
  const choices = field.data?.values ?? [];
  const chosen = (Array.isArray(given) ? given : [given]).map((choice) => {
    if (typeof choice === "string" && choices.includes(choice)) return choice;
    const index = typeof choice === "string" && /^\d+$/.test(choice) ? Number(choice) : choice;
    const found = typeof index === "number" ? choices[index] : undefined;
    if (found === undefined) throw new Unfit(`must be chosen from: ${choices.join(", ")}`);
    return found;
  });
  if (field.type === "radio" && chosen.length !== 1) throw new Unfit("must be a single choice");
  checkBounds(field, chosen.length, "choice");
  const [only] = chosen;
  return only !== undefined && chosen.length === 1 && field.type !== "multiselect" ? only : chosen;
}

const DATA_URL = /^data:[^,]*,/i;

/** Agents take files that were uploaded somewhere, and some take them in the URL itself. */
function fileOf(field: Field, given: unknown): string | string[] {
  const urls = (Array.isArray(given) ? given : [given]).map((url) => {
    if (typeof url === "string" && (URL_TEXT.test(url) || DATA_URL.test(url))) return url;
    throw new Unfit("must be @file, or the URL of an uploaded file");
  });
  checkBounds(field, urls.length, "file");
  const [only] = urls;
  return only !== undefined && urls.length === 1 ? only : urls;
}

/** `counted`: what the number counts; without it the value itself is meant. */
function checkBounds(field: Field, value: number, counted?: string): void {
  const verb = counted ? "have" : "be";
  for (const [rule, words, isBroken] of [
    ["min", "at least", (bound: number) => value < bound],
    ["max", "at most", (bound: number) => value > bound],
  ] as const) {
    const inherent = field.type === "range" ? [field.data?.[rule]] : [];
    const bounds = [...rulesOf(field, rule), ...inherent].map(Number).filter((bound) => !Number.isNaN(bound));
    const broken = bounds.find(isBroken);
    if (broken === undefined) continue;
    throw new Unfit(
      `must ${verb} ${words} ${broken}${counted ? ` ${counted}${broken === 1 ? "" : "s"}` : ""}`,
    );
  }
}
