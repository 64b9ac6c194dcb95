import { readFileSync } from "node:fs";
import { printable } from "../text.ts";
import { UserError } from "../user-error.ts";
import type { Field } from "./agent-wire.ts";
import { HireError, listed } from "./errors.ts";
import { Unfit, valueOf } from "./input-values.ts";

/** What a person has entered: texts of --input by field, several for lists, and the members of --inputs. */
export interface Entered {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly values: Readonly<Record<string, unknown>>;
}

export type InputData = Readonly<Record<string, unknown>>;

const MAX_FILE_BYTES = 1024 * 1024;

function readText(file: string, option: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new UserError(`${option}: the file ${file} cannot be read.`);
  }
  if (bytes.length > MAX_FILE_BYTES) throw new UserError(`${option}: ${file} has more than 1 MB.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${option}: ${file} is not a text in UTF-8.`);
  }
}

function readMembers(file: string): Record<string, unknown> {
  let members: unknown;
  try {
    members = JSON.parse(readText(file, "--inputs"));
  } catch (error) {
    if (error instanceof UserError) throw error;
  }
  if (typeof members === "object" && members !== null && !Array.isArray(members)) return { ...members };
  throw new UserError(`--inputs: ${file} is not a JSON object with one member for each field.`);
}

/**
 * Reads `--input name=value` (`name=@file` takes the file's text; one name several times makes a list) and
 * `--inputs file.json`; the former win. `--answer` is written as `--input` is.
 *
 * @throws UserError for an option or a file that cannot be read
 */
export function readEntered(
  options: readonly string[],
  file: string | undefined,
  flag: "--input" | "--answer" = "--input",
): Entered {
  const texts = new Map<string, string[]>();
  for (const option of options) {
    const [, name = "", text = ""] = /^([^=]+)=([\s\S]*)$/.exec(option) ?? [];
    if (name === "") throw new UserError(`${flag} ${option}: write name=value, or name=@file.`);
    texts.set(name, [...(texts.get(name) ?? []), readValue(text, `${flag} ${name}`)]);
  }
  return { texts, values: file === undefined ? {} : readMembers(file) };
}

/** A value as it is entered: `@file` stands for the file's text. @throws UserError */
export const readValue = (text: string, option: string): string =>
  text.startsWith("@") ? readText(text.slice(1), option) : text;

/**
 * The job's input: what was entered, each as its field's type wants it. Fields that were left out are left out.
 *
 * @throws HireError HIRE_INPUT_INVALID with every problem: unknown, missing and unfit fields
 */
export function inputDataOf(fields: readonly Field[], entered: Entered): InputData {
  const { input, problems } = fitted(fields, entered);
  if (problems.length === 0) return input;
  throw new HireError(
    "HIRE_INPUT_INVALID",
    `The input does not fit the agent's input schema; nothing was started.${listed(problems)}`,
    `\nIts fields:${listed(fields.map(describe)) || " none"}\nGive each with --input name=value.`,
  );
}

/** What was entered as its fields want it, and what does not fit: unknown, missing and unfit fields. */
export function fitted(
  fields: readonly Field[],
  { texts, values }: Entered,
): { readonly input: InputData; readonly problems: readonly string[] } {
  const known = new Set(fields.map(({ id }) => id));
  const names = new Set([...texts.keys(), ...Object.keys(values)]);
  const problems = [...names]
    .filter((name) => !known.has(name))
    .map((name) => `${printable(name)}: is not a field of this agent`);
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    try {
      const value = valueOf(field, texts.get(field.id) ?? values[field.id]);
      if (value !== undefined) input[field.id] = value;
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      problems.push(printable(`${field.id}: ${error.message}`));
    }
  }
  return { input, problems };
}

/** A field for people: `language (option): Language of the minutes; English, Deutsch`. */
export function describe({ id, type, name, data }: Field): string {
  const choices = data?.values?.length ? `; one of ${data.values.join(", ")}` : "";
  return printable(`${id} (${type})${name ? `: ${name}` : ""}${choices}`);
}
