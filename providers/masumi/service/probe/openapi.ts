import { z } from "zod";
import { describeIssue } from "../client/entries.ts";

const object = z.record(z.string(), z.unknown());

/** As much of an OpenAPI document as the network's registry checks. */
const openApiDocument = z
  .object({
    openapi: z.string().regex(/^3\.[01]\.\d+$/, "must be a version 3.0.x or 3.1.x"),
    info: z.object({ title: z.string().min(1), version: z.string().min(1) }),
    paths: object.optional(),
    components: object.optional(),
    webhooks: object.optional(),
  })
  .refine(({ paths, components, webhooks }) => Boolean(paths ?? components ?? webhooks), {
    message: "has neither paths nor components nor webhooks",
  });

/** Returns why the registry would not take a text for an OpenAPI document; undefined if it would. */
export async function problemOfOpenApi(text: string): Promise<string | undefined> {
  const parsed = await parseJsonOrYaml(text);
  if (parsed === undefined) return "neither JSON nor YAML";
  const read = openApiDocument.safeParse(parsed);
  return read.success
    ? undefined
    : `not an OpenAPI document as the registry wants it: ${describeIssue(read.error)}`;
}

async function parseJsonOrYaml(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    // Most documents are JSON.
    const { parse } = await import("yaml");
    try {
      return parse(text, { logLevel: "error" }) as unknown;
    } catch {
      return undefined;
    }
  }
}
