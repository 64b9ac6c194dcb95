import { z } from "zod";
import { crewAsWritten } from "./crew.ts";
import type { Taken } from "./key-group.ts";
import { takenKeys } from "./refused-keys.ts";
import { declarationSchema } from "./schema.ts";

type Json = { [key: string]: unknown };

/** A declaration as files may write it: its crew also in the forms of CrewAI's own files (load/crew-forms.ts). */
const written = declarationSchema.extend({ crew: crewAsWritten.exactOptional() });

/** Returns agents/agent.schema.json: a declaration's JSON Schema for editors (draft 7 works best in yaml-language-server). */
export function agentSchemaJson(): string {
  const schema = z.toJSONSchema(written, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      // Bounds that only mean "a safe integer" are noise in an editor.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      const { refusedKeys } = jsonSchema;
      if (typeof refusedKeys === "string") jsonSchema.patternProperties = takenOnly(refusedKeys);
      delete jsonSchema["refusedKeys"];
    },
  }) as Json & { properties: Json };

  const { id: _id, only: _only, overrides, ...overridable } = schema.properties;
  schema.properties["overrides"] = {
    ...(overrides as Json),
    additionalProperties: patchOf({ properties: overridable }, "#"),
  };
  schema["patternProperties"] = {
    "^x-": { description: "Ignored: a place for values that are used elsewhere by an alias (&name, *name)." },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Returns the schemas of keys that are taken only where they change nothing. As patterns, editors do not suggest them. */
const takenOnly = (where: string): Record<string, JsonSchema> =>
  Object.fromEntries(
    takenKeys(where).map(({ keys, reason, taken, sometimes }): [string, JsonSchema] => [
      `^(${keys.join("|")})$`,
      {
        description: `Not available: ${reason}. Taken where it changes nothing.`,
        ...(sometimes
          ? { anyOf: [{ enum: valuesOf(taken) }, ...sometimes.types.map((type) => ({ type }))] }
          : { enum: valuesOf(taken) }),
      } as JsonSchema,
    ]),
  );

/** In YAML 1.1, which CrewAI reads, `no` is false. */
const valuesOf = (taken: readonly Taken[]): readonly Taken[] =>
  taken.includes(false) ? [...taken, "no", "off"] : taken;

/** Returns the schema of an override of a value: any part of a map, or null instead of a key; anything else as a whole. */
function patchOf(value: Json, pointer: string): Json {
  const { properties, additionalProperties, anyOf } = value;
  const orNull = (inner: unknown, at: string) => ({ anyOf: [patchOf(inner as Json, at), { type: "null" }] });
  if (properties) {
    const patches = Object.entries(properties).map(([key, inner]): [string, Json] => [
      key,
      orNull(inner, `${pointer}/properties/${key}`),
    ]);
    return {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(patches),
    };
  }
  if (typeof additionalProperties === "object") {
    return {
      type: "object",
      additionalProperties: orNull(additionalProperties, `${pointer}/additionalProperties`),
    };
  }
  if (!Array.isArray(anyOf)) return { $ref: pointer };
  return { anyOf: anyOf.map((option, index) => patchOf(option as Json, `${pointer}/anyOf/${index}`)) };
}
