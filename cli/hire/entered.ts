import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import type { Entered, Field } from "../../buyer/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { UserError } from "../../stacks/user-error.ts";

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
    throw new UserError(`${option}: ${file} is not text in UTF-8.`);
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

/** Return a text as it was typed, where `@file` stands for a file: its text, or the file itself in a field of files. */
function readTyped({ id, type }: Field, text: string): string {
  if (!text.startsWith("@")) return text;
  const [file, option] = [text.slice(1), printable(id)];
  return type === "file" ? dataUrl(file, option) : readText(file, option);
}

/** Return texts that were typed for fields, several for a list, and values of a JSON object for all others. */
export function typed(
  texts: ReadonlyMap<string, readonly string[]>,
  values: Readonly<Record<string, unknown>> = {},
): Entered {
  return {
    names: [...new Set([...texts.keys(), ...Object.keys(values)])],
    valueFor: (field) =>
      texts.get(field.id)?.map((text) => readTyped(field, text)) ??
      (Object.hasOwn(values, field.id) ? values[field.id] : undefined),
  };
}

/**
 * Take `--input name=value` apart (`name=@file` stands for a file; one name several times makes a list), and read
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
  return typed(texts, file === undefined ? {} : readMembers(file));
}
