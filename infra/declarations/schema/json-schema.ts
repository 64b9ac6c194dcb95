import { z } from "zod";
import { declarationSchema } from "./schema.ts";

type Json = { [key: string]: unknown };

/** Returns agents/agent.schema.json: a declaration's JSON Schema for editors (draft 7 works best in yaml-language-server). */
export function agentSchemaJson(): string {
  const schema = z.toJSONSchema(declarationSchema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      // Bounds that only mean "a safe integer" are noise in an editor.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as Json & { properties: Json };

  const { id: _id, only: _only, overrides, ...overridable } = schema.properties;
  schema.properties["overrides"] = {
    ...(overrides as Json),
    additionalProperties: patchOf(overridable, "#/properties"),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** Returns the schema of an override of a map with these properties: any part of each, or null. */
function patchOf(properties: Json, pointer: string): Json {
  const patches = Object.entries(properties).map(([key, value]): [string, Json] => {
    const here = `${pointer}/${key}`;
    const inner = (value as Json)["properties"];
    const part = inner ? patchOf(inner as Json, `${here}/properties`) : { $ref: here };
    return [key, { anyOf: [part, { type: "null" }] }];
  });
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(patches) };
}
