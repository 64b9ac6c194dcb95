import { z } from "zod";
import { describeIssue } from "../client/entries.ts";
import { parseJson } from "./json.ts";

const jsonSchema = z.record(z.string(), z.unknown());

/** What an agent sells by x402; the registry reads no price in it, since prices belong to the entry's payment sources. */
const manifest = z.object({
  x402Version: z.int().optional(),
  resources: z
    .array(
      z.object({
        resource: z.url(),
        type: z.enum(["http", "mcp"]).optional(),
        description: z.string().optional(),
        mimeType: z.string().optional(),
        inputSchema: jsonSchema.optional(),
        outputSchema: jsonSchema.optional(),
      }),
    )
    .min(1),
});

/** Returns why the registry would not take a text for a manifest of x402 resources; undefined if it would. */
export async function problemOfManifest(text: string): Promise<string | undefined> {
  const parsed = parseJson(text);
  if (parsed === undefined) return "not JSON";
  const read = manifest.safeParse(parsed);
  const problem = read.success ? await problemOfSchemas(read.data) : describeIssue(read.error);
  return problem && `not an x402 manifest as the registry wants it: ${problem}`;
}

/** Returns which schema of a manifest is none of JSON Schema 2020-12, by the library that the registry checks them with. */
async function problemOfSchemas({ resources }: z.output<typeof manifest>): Promise<string | undefined> {
  const schemas = resources.flatMap(({ inputSchema, outputSchema }, index) =>
    Object.entries({ inputSchema, outputSchema }).flatMap(([name, schema]) =>
      schema ? [{ place: `resources.${index}.${name}`, schema }] : [],
    ),
  );
  if (schemas.length === 0) return undefined;
  // Takes a while to load, and few agents are listed so.
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  // Keywords that nobody knows are annotations.
  const ajv = new Ajv2020({ strict: false, logger: false });
  for (const { place, schema } of schemas) {
    try {
      if (ajv.validateSchema(schema)) continue;
    } catch (error) {
      return `${place}: ${(error as Error).message}`;
    }
    const [first] = ajv.errors ?? [];
    return `${place}${first?.instancePath ?? ""}: ${first?.message ?? "is no JSON Schema (2020-12)"}`;
  }
  return undefined;
}
