import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { printable } from "../providers/printable.ts";
import { UserError } from "../stacks/user-error.ts";
import type { Field } from "./agent-wire.ts";
import { HireError, listed } from "./errors.ts";
import { Unfit, valueOf } from "./input-values.ts";

/** What a person has entered: texts of --input by field, several for lists, and the members of --inputs. */
export interface Entered {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly values: Readonly<Record<string, unknown>>;
}

export type InputData = Readonly<Record<string, unknown>>;

const MAX_TEXT_BYTES = 1024 * 1024;
/** In base64 it is a third more, and agents take requests of one megabyte. */
const MAX_ATTACHED_BYTES = 700 * 1024;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".txt": "text/plain",
};

function readBytes(file: string, option: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new UserError(`${option}: the file ${file} cannot be read.`);
  }
}

function readText(file: string, option: string): string {
  const bytes = readBytes(file, option);
  if (bytes.length > MAX_TEXT_BYTES) throw new UserError(`${option}: ${file} has more than 1 MB.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${option}: ${file} is not a text in UTF-8.`);
  }
}

/** A file as a URL that holds it: MIP-003 knows files by their URLs alone. */
function dataUrl(file: string, option: string): string {
  const bytes = readBytes(file, option);
  if (bytes.length > MAX_ATTACHED_BYTES) {
    throw new UserError(
      `${option}: ${file} has more than ${MAX_ATTACHED_BYTES / 1024} KB. Upload it where the agent can fetch it, and give ` +
        "its https URL.",
    );
  }
  const type = MEDIA_TYPES[extname(file).toLowerCase()] ?? "application/octet-stream";
  return `data:${type};name=${encodeURIComponent(basename(file))};base64,${bytes.toString("base64")}`;
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
 * Takes `--input name=value` apart (`name=@file` stands for a file; one name several times makes a list), and reads
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
    texts.set(name, [...(texts.get(name) ?? []), text]);
  }
  return { texts, values: file === undefined ? {} : readMembers(file) };
}

/** Texts as they were entered, where `@file` stands for a file: its text, or the file itself in a field of files. */
const readFiles = ({ id, type }: Field, texts: readonly string[]): string[] =>
  texts.map((text) => {
    if (!text.startsWith("@")) return text;
    const [file, option] = [text.slice(1), printable(id)];
    return type === "file" ? dataUrl(file, option) : readText(file, option);
  });

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
      const entered = texts.get(field.id);
      const value = valueOf(field, entered ? readFiles(field, entered) : values[field.id]);
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
