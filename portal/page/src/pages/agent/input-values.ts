import { type ChosenFile, isAccepted } from "../../documents.ts";
import { bytesText, lengthOf } from "../../texts.ts";
import type { FieldProblem, InputField } from "../../wire.ts";

/*
 * A form made of an agent's input schema (MIP-003, attachment 01): what a field starts with, what is wrong with what was entered,
 * and what is sent. The agent itself checks again, and more.
 */

/** What is in a control: a text, a switch, choices, files. */
export type Entered = string | boolean | readonly string[] | readonly ChosenFile[];

/** Files travel inside the request, so they have to be small. */
const MOST_FILE_BYTES = 5_000_000;

export const isChoice = ({ type }: InputField): boolean => ["option", "radio", "multiselect"].includes(type);
export const isSwitch = ({ type }: InputField): boolean => type === "boolean" || type === "checkbox";
export const isNumber = ({ type }: InputField): boolean => type === "number" || type === "range";

const MOMENTS = ["date", "datetime-local", "time", "month", "week"];

const rules = ({ validations }: InputField, name: string): readonly string[] =>
  (validations ?? []).filter(({ validation }) => validation === name).map(({ value }) => String(value));

export const isOptional = (field: InputField): boolean =>
  rules(field, "optional").includes("true") || isSwitch(field);
export const acceptedTypes = (field: InputField): readonly string[] =>
  rules(field, "accept").flatMap((types) => types.split(","));
export const labelOfField = ({ name, id }: InputField): string => name || id;

/** Returns a text of a field's data: its description, placeholder, default. */
export function dataText({ data }: InputField, name: string): string | undefined {
  const value = data?.[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

export function choicesOf({ data }: InputField): readonly string[] {
  const values = data?.["values"];
  return Array.isArray(values) ? values.map(String) : [];
}

/** The bounds of numbers, dates and times. Those of texts count characters, those of choices and files count them. */
export const boundOf = (field: InputField, bound: "min" | "max"): string | undefined =>
  rules(field, bound)[0] ?? (field.type === "range" ? dataText(field, bound) : undefined);

export function firstValue(field: InputField): Entered {
  const { type, data } = field;
  if (isSwitch(field)) return data?.["default"] === true;
  if (type === "file") return [];
  const given = dataText(field, "default");
  if (type === "multiselect") return given === undefined ? [] : [given];
  if (type === "range") return given ?? boundOf(field, "min") ?? "0";
  if (type === "color") return given ?? "#1a73e8";
  return given ?? "";
}

/** What was entered as a text; choices and files are none. */
export const textIn = (value: Entered): string => (typeof value === "string" ? value : "");
export const isEmpty = (value: Entered): boolean => typeof value !== "boolean" && value.length === 0;

function boundProblem(field: InputField, value: Entered): string | undefined {
  if (typeof value === "boolean" || (isChoice(field) && field.type !== "multiselect")) return undefined;
  const [min, max] = [boundOf(field, "min"), boundOf(field, "max")];
  if (MOMENTS.includes(field.type)) {
    // Of one format each, so they sort as texts do.
    if (min !== undefined && textIn(value) < min) return `Must not be before ${min}`;
    return max !== undefined && textIn(value) > max ? `Must not be after ${max}` : undefined;
  }
  const size = isNumber(field) ? Number(value) : typeof value === "string" ? lengthOf(value) : value.length;
  const verb = isNumber(field) ? "Must be" : "Must have";
  const unit = typeof value === "string" && !isNumber(field) ? " characters" : "";
  if (min !== undefined && size < Number(min)) return `${verb} at least ${min}${unit}`;
  return max !== undefined && size > Number(max) ? `${verb} at most ${max}${unit}` : undefined;
}

function formatProblem(field: InputField, value: string): string | undefined {
  const formats = [...rules(field, "format"), field.type];
  if (isNumber(field) && !Number.isFinite(Number(value))) return "Must be a number";
  if (formats.includes("integer") && !Number.isInteger(Number(value))) return "Must be a whole number";
  if (formats.includes("email") && !/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/.test(value))
    return "Must be an e-mail address";
  if (formats.includes("url") && !/^https?:\/\/[^\s/]+\S*$/.test(value))
    return "Must be an http or https address";
  return undefined;
}

function fileProblem(field: InputField, files: readonly ChosenFile[]): string | undefined {
  const tooLarge = files.find(({ size }) => size > MOST_FILE_BYTES);
  if (tooLarge) return `${tooLarge.name} is larger than ${bytesText(MOST_FILE_BYTES)}`;
  const wrong = files.find((file) => !isAccepted(file, acceptedTypes(field)));
  return wrong && `${wrong.name} is not one of ${acceptedTypes(field).join(", ")}`;
}

function problemOf(field: InputField, value: Entered): string | undefined {
  if (isEmpty(value)) return isOptional(field) ? undefined : "Required";
  const format = typeof value === "string" && !isChoice(field) ? formatProblem(field, value) : undefined;
  return (
    format ??
    boundProblem(field, value) ??
    (field.type === "file" ? fileProblem(field, value as readonly ChosenFile[]) : undefined)
  );
}

export const isShown = ({ type }: InputField): boolean => type !== "hidden" && type !== "none";

export function inputProblems(
  fields: readonly InputField[],
  values: Readonly<Record<string, Entered>>,
): readonly FieldProblem[] {
  return fields.filter(isShown).flatMap((field) => {
    const message = problemOf(field, values[field.id] ?? "");
    return message === undefined ? [] : [{ field: field.id, message }];
  });
}
