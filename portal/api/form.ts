import { basename, extname } from "node:path";
import type { Context } from "hono";
import { z } from "zod";
import type { StoredDocument } from "../database/agents.ts";
import { ContentError, asNamed } from "../documents/content.ts";
import { storeOwn } from "../documents/own.ts";
import { isDigest } from "../documents/store.ts";
import type { Template } from "../templates/template.ts";
import { textProblem, tidy } from "../templates/texts.ts";
import type { SentForm } from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import type { Uploads } from "./limits.ts";
import { type Part, boundaryOf, readParts } from "./multipart.ts";
import { fieldProblems } from "../templates/form-problems.ts";
import { invalid, malformed, tooLarge, wrongType } from "./problems.ts";

/** All texts of a form together. */
const MOST_TEXT_BYTES = 256 * 1024;
const LONGEST_NAME = 120;
const MEBIBYTE = 1024 * 1024;

const text = z.string().optional();
const choices = z.record(z.string(), z.string()).optional();
const digests = z
  .array(z.string())
  .refine((all) => all.every(isDigest), "names documents by their SHA-256")
  .optional();

const newForm = z.strictObject({ name: text, bio: text, description: text, template: text, choices });
const changedForm = z.strictObject({
  name: text,
  bio: text,
  description: text,
  choices,
  removeDocs: digests,
});

/** What of a form can be read, so that it can be checked whatever else is wrong. */
const legible = z.object({
  name: text.catch(undefined),
  bio: text.catch(undefined),
  description: text.catch(undefined),
  template: text.catch(undefined),
  choices: choices.catch(undefined),
  removeDocs: digests.catch(undefined),
});

export interface ReadForm {
  readonly form: SentForm;
  readonly template: string | undefined;
  /** Digests of documents that are to be removed. */
  readonly removed: readonly string[];
}

export type FormParts = Pick<ApiParts, "database" | "documents" | "templates"> & {
  readonly uploads: Uploads;
};

/** What documents may be: those of a template, or of any as long as it is not known which one is meant. */
type Allowed = Template["documents"];

/**
 * Reads the form of a request, as JSON or as multipart/form-data with documents, which are stored while they come.
 *
 * @param template the agent's template, if it has one already
 * @throws HttpProblem 400, 413, 415, 429
 */
export async function readForm(
  context: Context<ApiEnv>,
  parts: FormParts,
  template?: Template,
): Promise<ReadForm> {
  const type = context.req.header("content-type") ?? "";
  const body = context.req.raw.body as AsyncIterable<Uint8Array> | null;
  const boundary = boundaryOf(type);
  if (boundary !== undefined) {
    const uploader = { ...parts, userId: context.get("user").id };
    return readMultipart(readParts(body ?? nothing(), boundary), uploader, template);
  }
  if (/^application\/json\b/i.test(type))
    return formOf(parseJson(await readText(body ?? nothing(), MOST_TEXT_BYTES), "The body"), [], template);
  throw wrongType("Send application/json or multipart/form-data.");
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Reads a request's body as JSON of this form. @throws HttpProblem 400 with all that is wrong, 413, 415 */
export async function readJsonBody<T extends z.ZodType>(
  context: Context<ApiEnv>,
  schema: T,
  most = MOST_TEXT_BYTES,
): Promise<z.output<T>> {
  const type = context.req.header("content-type") ?? "";
  if (!/^application\/json\b/i.test(type)) throw wrongType("Send application/json.");
  const body = (context.req.raw.body as AsyncIterable<Uint8Array> | null) ?? nothing();
  const read = schema.safeParse(requireObject(parseJson(await readText(body, most), "The body")));
  if (!read.success) throw invalid(fieldProblems(read.error));
  return read.data;
}

/** @throws HttpProblem 400 if a text is no JSON */
function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON.`);
  }
}

/** @throws HttpProblem 400 if the body is not one that has fields */
function requireObject(value: unknown): object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("The body is not a JSON object.");
  return value;
}

type Uploader = FormParts & { readonly userId: string };

async function readMultipart(
  sent: AsyncIterable<Part>,
  parts: Uploader,
  known: Template | undefined,
): Promise<ReadForm> {
  const texts: Record<string, string> = {};
  const removeDocs: string[] = [];
  const documents: StoredDocument[] = [];
  let left = MOST_TEXT_BYTES;
  for await (const part of sent) {
    if (part.filename !== undefined) {
      // A browser sends an empty file without a name for a field that was left empty.
      if (part.filename === "") continue;
      if (part.name !== "docs" && part.name !== "docs[]")
        throw malformed(`Documents belong into "docs", not into "${part.name}".`);
      const template = known ?? parts.templates.get(texts["template"] ?? "");
      documents.push(
        await storeDocument(part, parts, template ? template.documents : anyOf(parts), documents.length),
      );
      continue;
    }
    const text = await readText(part.body, left);
    left -= Buffer.byteLength(text);
    if (part.name === "removeDocs" || part.name === "removeDocs[]") removeDocs.push(text);
    else texts[part.name] = text;
  }
  const { template, choices } = texts;
  const chosen = choices === undefined ? {} : { choices: parseJson(choices, '"choices"') };
  const removed = removeDocs.length === 0 ? {} : { removeDocs };
  const form = formOf({ ...texts, ...chosen, ...removed }, documents, known);
  // What came before the template was named was only held against what any template takes.
  const { documents: allowed } = known ?? parts.templates.get(template ?? "") ?? { documents: anyOf(parts) };
  for (const { name: file, bytes } of documents) {
    requireType(file, allowed);
    if (bytes > allowed.mostBytes) throw documentTooLarge(file, allowed);
  }
  return form;
}

/**
 * Reads what can be read of a form, and notes what cannot.
 *
 * @param known the agent's template, if the form changes an agent
 */
function formOf(sent: unknown, documents: readonly StoredDocument[], known: Template | undefined): ReadForm {
  const fields = requireObject(sent);
  const { error } = (known ? changedForm : newForm).safeParse(fields);
  const { template, removeDocs = [], ...read } = legible.parse(fields);
  return {
    form: { ...read, documents, ...(error ? { wrong: fieldProblems(error) } : {}) },
    template,
    removed: removeDocs,
  };
}

/** What at least one template takes. */
function anyOf({ templates }: FormParts): Allowed {
  const all = [...templates.values()].map(({ documents }) => documents);
  return {
    least: 0,
    most: Math.max(...all.map(({ most }) => most)),
    mostBytes: Math.max(...all.map(({ mostBytes }) => mostBytes)),
    types: [...new Set(all.flatMap(({ types }) => types))],
  };
}

async function storeDocument(
  { filename = "", body }: Part,
  { uploads, userId, ...places }: Uploader,
  allowed: Allowed,
  count: number,
): Promise<StoredDocument> {
  if (count >= allowed.most) throw invalid([{ field: "docs", message: `at most ${allowed.most} documents` }]);
  const name = nameOf(filename);
  requireType(name, allowed);
  try {
    const stored = await storeOwn(
      places,
      asNamed(name, limited(name, uploads.counted(userId, body), allowed)),
    );
    return { ...stored, name };
  } catch (error) {
    if (error instanceof ContentError) throw wrongType(error.message);
    throw error;
  }
}

/** Returns a document's name without the folders that some senders put before it. @throws HttpProblem 400 */
function nameOf(filename: string): string {
  const name = tidy(basename(filename.replaceAll("\\", "/")));
  const problem = textProblem(name, { most: LONGEST_NAME, lines: false });
  if (problem !== undefined) throw invalid([{ field: "docs", message: `the name of a document ${problem}` }]);
  return name;
}

function requireType(name: string, { types }: Allowed): void {
  if (!types.includes(extname(name).toLowerCase())) {
    throw wrongType(`"${name}" cannot be taken: documents end in ${types.join(", ")}.`);
  }
}

const documentTooLarge = (name: string, { mostBytes }: Allowed) =>
  tooLarge(`"${name}" is too large: a document may have ${Math.floor(mostBytes / MEBIBYTE)} MiB.`);

async function* limited(
  name: string,
  body: AsyncIterable<Uint8Array>,
  allowed: Allowed,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > allowed.mostBytes) throw documentTooLarge(name, allowed);
    yield chunk;
  }
}

/** Reads a text, but no more of it than that. @throws HttpProblem 400 if it is not UTF-8, 413 */
async function readText(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > most) throw tooLarge("The request has more text than may be sent.");
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw malformed("A text is not UTF-8.");
  }
}
