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
export function problemOfManifest(text: string): string | undefined {
  const parsed = parseJson(text);
  if (parsed === undefined) return "not JSON";
  const read = manifest.safeParse(parsed);
  return read.success
    ? undefined
    : `not an x402 manifest as the registry wants it: ${describeIssue(read.error)}`;
}
