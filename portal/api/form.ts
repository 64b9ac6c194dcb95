import type { Context } from "hono";
import { z } from "zod";
import type { Template } from "../templates/template.ts";
import type { SentForm } from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { malformed, tooLarge, wrongType } from "./problems.ts";

/** A form without documents is a few texts. */
const MOST_TEXT_BYTES = 256 * 1024;

const jsonForm = z.object({
  name: z.string().optional(),
  bio: z.string().optional(),
  description: z.string().optional(),
  template: z.string().optional(),
  removeDocs: z.array(z.string()).optional(),
});

export interface ReadForm {
  readonly form: SentForm;
  readonly template: string | undefined;
  readonly removed: readonly string[];
}

/** Reads the form of a request. @throws HttpProblem 400, 413, 415 */
export async function readForm(
  context: Context<ApiEnv>,
  _parts: ApiParts,
  _template?: Template,
): Promise<ReadForm> {
  const type = context.req.header("content-type") ?? "";
  if (/^application\/json\b/i.test(type)) return readJson(context);
  throw wrongType("Send application/json or multipart/form-data.");
}

async function readJson(context: Context<ApiEnv>): Promise<ReadForm> {
  const text = await readText(context.req.raw, MOST_TEXT_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed("The body is not JSON.");
  }
  const read = jsonForm.safeParse(value);
  if (!read.success) throw malformed(z.prettifyError(read.error));
  const { template, removeDocs = [], ...texts } = read.data;
  return { form: { ...texts, documents: [] }, template, removed: removeDocs };
}

/** Reads a body, but no more of it than that. @throws HttpProblem 413 */
async function readText(request: Request, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > most) throw tooLarge(`A form without documents may have ${most} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
