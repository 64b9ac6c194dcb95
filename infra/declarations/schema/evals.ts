import { z } from "zod";
import { outputSchema } from "./output-schema.ts";
import { text } from "./texts.ts";

/*
 * What an author expects of an agent: jobs that `masumi-agents eval` gives it, and how their results are checked.
 */

const checks = z
  .strictObject({
    contains: z
      .array(text(2000))
      .min(1)
      .max(50)
      .exactOptional()
      .meta({
        description: "Texts that the result contains all of, in upper or lower case.",
        examples: [["Germany", "heat pump"]],
      }),
    jsonSchema: outputSchema.exactOptional().meta({
      description: "The result is JSON of this JSON Schema (draft 2020-12).",
      examples: [{ type: "object", required: ["decisions"] }],
    }),
    judge: z
      .array(text(2000))
      .min(1)
      .max(20)
      .exactOptional()
      .meta({
        description: "Questions about the result that the agent's model must answer with yes.",
        examples: [["Does the brief name at least three competitors?"]],
      }),
    maxTokens: z
      .int()
      .min(1)
      .exactOptional()
      .meta({ description: "How many tokens of the model the job may use at most.", examples: [20_000] }),
    maxSeconds: z
      .number()
      .min(0.1)
      .max(86_400)
      .exactOptional()
      .meta({ description: "How many seconds the job may take at most.", examples: [90] }),
  })
  .refine((given) => Object.keys(given).length > 0, {
    error: "checks nothing",
    params: { remedy: "add contains, jsonSchema, judge, maxTokens or maxSeconds" },
  });

export const evalSchema = z.strictObject({
  name: text(100).meta({ description: "What is evaluated.", examples: ["Names the competitors"] }),
  inputs: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({
      description: "What the customer enters, by the ids of the fields in input.",
      examples: [{ topic: "Heat pumps" }],
    }),
  answers: z.array(z.string().max(10_000)).max(50).default([]).meta({
    description:
      "Answers to what the crew asks during the job, in order. Of a draft an empty one accepts it, which is also what happens without.",
  }),
  checks: checks.meta({
    description: "What must hold of the job; all of it.",
    examples: [{ contains: ["Germany"], maxSeconds: 90 }],
  }),
});

/** One job that an agent is evaluated by. */
export type DeclaredEval = z.output<typeof evalSchema>;
