import { InputPropertiesError, type Inputs, Output } from "@pulumi/pulumi";
import { z } from "zod";
import { declarationSchema } from "../../infra/declarations/index.ts";
import type { MasumiAgent, MasumiAgentArgs } from "../masumi-agent.ts";

/*
 * What programs in other languages may pass to the components. The package's schema (schema.json) and the check of what arrives are both
 * derived from this; what an agent's file says as well is taken from the declarations.
 */

/** Returns the schema of a value that another resource may produce, or that may be a secret. */
const later = (known: z.ZodType<string>) =>
  z.union([known, z.custom<Output<string>>((value) => Output.isInstance(value))]).meta({ later: true });

const declared = declarationSchema.shape;
const [pricingKind, fixedPricing] = declared.pricing.options;
const text = z.string().trim().min(1);

/** Returns what another schema says of a value. */
const messageOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message;

const wallet = z.strictObject({
  vkey: declared.wallet.unwrap().meta({ description: "Hash of its payment key, 56 lower-case hex digits." }),
  address: text.exactOptional().meta({ description: "Its address, which is named where ADA is missing." }),
  type: z.enum(["V1", "V2"]).meta({ description: "Generation of the payment contract that it belongs to." }),
});

const records = z.strictObject({
  server: later(text).meta({ description: "Connection string of the PostgreSQL server. A secret." }),
  ca: text
    .exactOptional()
    .meta({ description: "Certificate of the authority that signs the server's, PEM." }),
  userId: text.exactOptional().meta({ description: "Whom the agent belongs to, in words of your own." }),
});

const source = z.strictObject({
  network: text.meta({ description: "The chain, as CAIP-2 names it, such as eip155:8453." }),
  payTo: text.meta({ description: "The EVM address that is paid." }),
  price: z
    .strictObject({
      asset: text.meta({ description: "Address of the token's contract." }),
      amount: text.meta({ description: "Base units as digits." }),
      decimals: z.int().meta({ description: "Decimals of the token." }),
    })
    .exactOptional()
    .meta({ description: "What each job costs; without it the agent is free there, or isDynamic." }),
  isDynamic: z
    .boolean()
    .exactOptional()
    .meta({ description: "Whether the agent names a price for each job." }),
  extra: z
    .record(z.string(), z.string())
    .exactOptional()
    .meta({ description: "What payers need to know to sign for the token." }),
});

/** A key that is missing here, or that the library does not know, is a type error. */
const shape = {
  url: later(declared.url.unwrap()),
  name: declared.name,
  description: declared.description,
  capability: declared.capability,
  tags: declared.tags,
  author: declared.author,
  legal: declared.legal,
  pricing: z
    .union([pricingKind, fixedPricing], { error: ({ input }) => messageOf(declared.pricing, input) })
    .exactOptional(),
  exampleOutputs: declared.exampleOutputs,
  listing: declared.listing,
  sources: z.array(source).exactOptional(),
  wallet: wallet,
  sourceAddress: later(text).exactOptional(),
  network: z.enum(["Preprod", "Mainnet"]).exactOptional(),
  owner: text.exactOptional(),
  adopt: declared.adopt,
  allowPrivateUrls: z.boolean().exactOptional(),
  probeSeconds: z.number().positive().exactOptional(),
  waitMinutes: z.number().positive().exactOptional(),
  records: records.exactOptional(),
} satisfies Record<keyof MasumiAgentArgs, z.ZodType>;

export const agentArgs = z.strictObject(shape);

const output = z.string();

/** What other resources and the stack's outputs may use of a component. */
export const agentOutputs = z.strictObject({
  agentIdentifier: output,
  registrationId: output,
  state: output,
  txHash: output,
  url: output,
} satisfies Partial<Record<keyof MasumiAgent, z.ZodType>>);

const NOT_IN_FULL =
  "must be given in full when the program runs: it can be neither a secret nor an output of another resource";

/** Returns the arguments of an agent, checked. @throws InputPropertiesError with all that is wrong */
export function checkedAgentArgs(inputs: Inputs): MasumiAgentArgs {
  const { success, data, error } = agentArgs.safeParse(inputs);
  if (success) return data;
  const reasons = new Map<string, string>();
  for (const issue of error.issues) {
    const place = issue.path.map(String).join(".");
    const reason = isOutputAt(inputs, issue.path) ? NOT_IN_FULL : reasonOf(issue);
    reasons.set(place, reasons.get(place) ?? reason);
  }
  throw new InputPropertiesError({
    message: "",
    errors: [...reasons].map(([propertyPath, reason]) => ({ propertyPath, reason })),
  });
}

function isOutputAt(value: unknown, path: readonly PropertyKey[]): boolean {
  if (Output.isInstance(value)) return true;
  const [key, ...inside] = path;
  if (key === undefined || typeof value !== "object" || value === null) return false;
  return isOutputAt((value as Record<PropertyKey, unknown>)[key], inside);
}

/** Returns what is wrong with a value, and how to correct it. */
function reasonOf(issue: z.core.$ZodIssue): string {
  // Of several schemas the first is the one that is meant; what else there may be is an output.
  const [known = issue] =
    issue.code === "invalid_union" && issue.message === UNSAID ? issue.errors.flat() : [];
  const remedy: unknown = known.code === "custom" ? known.params?.["remedy"] : undefined;
  return typeof remedy === "string" ? `${known.message}: ${remedy}` : known.message;
}

/** What zod says of a value that fits none of several schemas. */
const UNSAID = "Invalid input";
