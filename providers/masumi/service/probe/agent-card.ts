import { z } from "zod";
import { describeIssue } from "../client/entries.ts";
import { parseJson } from "./json.ts";

const texts = z.array(z.string());
const version = z
  .string()
  .max(64)
  .regex(/^\d+\.\d+$/, "must be Major.Minor");
const extension = z.object({
  uri: z.string().optional(),
  description: z.string().optional(),
  required: z.boolean().optional(),
});
const skill = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  tags: texts,
  inputModes: texts,
  outputModes: texts,
  examples: texts.optional(),
});

/** Where `allowHttp`, an interface may be at any URL: on a simulated network nobody else reads the card. */
const cardSchema = (allowHttp: boolean) =>
  z
    .object({
      protocolVersions: z.array(version).min(1),
      name: z.string(),
      description: z.string(),
      version: z.string(),
      supportedInterfaces: z
        .array(
          z.object({
            url: z.url().refine((url) => allowHttp || url.startsWith("https://"), "must be an https URL"),
            protocolBinding: z.enum(["HTTP+JSON", "JSONRPC", "GRPC"]),
            protocolVersion: version,
          }),
        )
        .min(1),
      capabilities: z.object({
        streaming: z.boolean().optional(),
        pushNotifications: z.boolean().optional(),
        extensions: z.array(extension).optional(),
      }),
      defaultInputModes: texts,
      defaultOutputModes: texts,
      skills: z.array(skill).min(1),
      provider: z.object({ organization: z.string().optional(), url: z.string().optional() }).optional(),
      documentationUrl: z.string().optional(),
      iconUrl: z.string().optional(),
    })
    .superRefine(({ protocolVersions, supportedInterfaces }, context) => {
      const complain = (message: string) =>
        context.addIssue({ code: "custom", path: ["protocolVersions"], message });
      const served = supportedInterfaces.map(({ protocolVersion }) => protocolVersion);
      for (const one of protocolVersions.filter((listed) => !served.includes(listed))) {
        complain(`no interface has version ${one}`);
      }
      for (const one of served.filter((other) => !protocolVersions.includes(other))) {
        complain(`version ${one} of an interface is missing`);
      }
    });

interface Wanted {
  readonly protocolVersions: readonly string[];
  readonly allowHttp: boolean;
}

/** Returns why the payment service, or the registry, would refuse an answer as an agent's card; undefined if neither would. */
export function problemOfCard(
  { text, contentType }: { readonly text: string; readonly contentType: string },
  { protocolVersions, allowHttp }: Wanted,
): string | undefined {
  const mediaType = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (mediaType !== "application/json") return `its type is ${mediaType || "missing"}, not application/json`;
  const parsed = parseJson(text);
  if (parsed === undefined) return "not JSON";
  const read = cardSchema(allowHttp).safeParse(parsed);
  if (!read.success) return `not an agent card as the registry wants it: ${describeIssue(read.error)}`;
  const missing = protocolVersions.filter((one) => !read.data.protocolVersions.includes(one));
  return missing.length === 0
    ? undefined
    : `the card does not have the declared version(s) ${missing.join(", ")} of A2A`;
}
