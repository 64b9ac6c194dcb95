import { z } from "zod";

/*
 * The JSON Schema of a task's result (draft 2020-12): a crew with one that cannot be checked does not start. Keys that the
 * draft does not know are let through, as it demands.
 */

type Schema = Record<string, unknown>;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"] as const;

const inner = z.lazy((): z.ZodType<boolean | Schema> =>
  z.union([z.boolean(), keywords], { error: "expected a schema: a map of keys, or true or false" }),
);
const several = z.array(inner).min(1);
const named = z.record(z.string(), inner);
const type = z.enum(TYPES);
const count = z.int().min(0);
const names = z.array(z.string());

/** Each keyword and what it takes. */
const KEYWORDS = {
  type: z.union([type, z.array(type).min(1)]),
  enum: z.array(z.unknown()),
  properties: named,
  patternProperties: named,
  dependentSchemas: named,
  additionalProperties: inner,
  propertyNames: inner,
  unevaluatedProperties: inner,
  items: inner,
  contains: inner,
  unevaluatedItems: inner,
  prefixItems: several,
  allOf: several,
  anyOf: several,
  oneOf: several,
  not: inner,
  if: inner,
  // oxlint-disable-next-line unicorn/no-thenable -- it is a keyword's name
  then: inner,
  else: inner,
  required: names,
  dependentRequired: z.record(z.string(), names),
  minItems: count,
  maxItems: count,
  minContains: count,
  maxContains: count,
  minLength: count,
  maxLength: count,
  minProperties: count,
  maxProperties: count,
  minimum: z.number(),
  maximum: z.number(),
  exclusiveMinimum: z.number(),
  exclusiveMaximum: z.number(),
  multipleOf: z.number().positive(),
  uniqueItems: z.boolean(),
  pattern: z.string(),
  format: z.string(),
  title: z.string(),
  description: z.string(),
};

const keywords: z.ZodType<Schema> = z.looseObject(KEYWORDS).partial();

/** Checks a schema without changing it: models are shown its keys in the order in which they are written. */
const followsDraft: z.core.CheckFn<Schema> = ({ value, issues }) => {
  for (const issue of keywords.safeParse(value).error?.issues ?? []) {
    issues.push({ ...issue, input: value, continue: true } as z.core.$ZodRawIssue);
  }
};

/** A schema in which nothing is referred to, because references are not followed. */
export const outputSchema = z
  .record(z.string(), z.unknown())
  .check(followsDraft)
  .refine((schema) => !JSON.stringify(schema).includes("$ref"), {
    error: "refers to another place with $ref",
    params: { remedy: "write that part where it is used" },
  });
