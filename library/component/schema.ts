import { z } from "zod";
import { AGENT_TYPE } from "../../infra/declarations/index.ts";
import { agentArgs, agentOutputs } from "./args.ts";

/** What is said of a component and its properties in the library, by name. */
export interface Documentation {
  readonly component: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

interface TypeSpec {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSpec;
  /** Of a map: what its values are. */
  readonly additionalProperties?: TypeSpec;
  readonly oneOf?: readonly TypeSpec[];
  /** Whether a value must be given in full when the program runs. */
  readonly plain?: boolean;
}

type Json = z.core.JSONSchema.BaseSchema & { readonly later?: boolean };
type Types = Record<string, object>;

const PACKAGE = "masumi";
const SCALARS: readonly unknown[] = ["string", "boolean", "integer", "number"];

const jsonOf = (schema: z.ZodType): Json =>
  z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" });

/**
 * Returns the schema of the package for programs in other languages (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/),
 * which Pulumi makes SDKs from. It has no version: the plugin adds its own.
 */
export function packageSchema({ component, inputs, outputs }: Documentation): object {
  const types: Types = {};
  const args = jsonOf(agentArgs);
  const results = jsonOf(agentOutputs);
  return {
    name: PACKAGE,
    displayName: "Masumi",
    description: "Registers AI agents on the Masumi network.",
    license: "MIT",
    keywords: ["kind/component"],
    meta: { supportPack: true },
    language: { python: { pyproject: { enabled: true }, respectSchemaVersion: true } },
    resources: {
      [AGENT_TYPE]: {
        isComponent: true,
        description: component,
        inputProperties: propertiesOf(args, types, inputs),
        requiredInputs: args.required,
        properties: propertiesOf(results, types, outputs),
        required: results.required,
      },
    },
    types,
  };
}

/** @param within name of the type whose properties these are; "" for a component's own */
const propertiesOf = (
  schema: Json,
  types: Types,
  said: Readonly<Record<string, string>> = {},
  within = "",
): Record<string, object> =>
  Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, value]) => {
      const json = value as Json;
      const type = typeOf(json, types, `${within}${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      const description = [said[name] ?? json.description, choicesOf(json)].filter(Boolean).join(" ");
      return [name, { ...type, description }];
    }),
  );

/** Choices are plain strings: each SDK would have a class for them, and refuse the strings. */
const choicesOf = ({ enum: choices }: Json): string => (choices ? `One of: ${choices.join(", ")}.` : "");

/** @param name what its type is called, if it needs one */
function typeOf(json: Json, types: Types, name: string): TypeSpec {
  const options = json.anyOf as readonly Json[] | undefined;
  if (json.later === true && options?.[0]) return { type: String(options[0].type) };
  if (options) return { oneOf: options.map((option) => typeOf(option, types, name)), plain: true };
  if (json.type === "array")
    return { type: "array", items: typeOf(json.items as Json, types, name.replace(/s$/, "")), plain: true };
  if (json.type === "object" && typeof json.additionalProperties === "object" && !json.properties) {
    return {
      type: "object",
      additionalProperties: typeOf(json.additionalProperties, types, name),
      plain: true,
    };
  }
  if (json.type === "object") {
    const token = `${PACKAGE}:index:${name}`;
    types[token] = {
      type: "object",
      properties: propertiesOf(json, types, {}, name),
      ...(json.required?.length ? { required: json.required } : {}),
    };
    return { $ref: `#/types/${token}`, plain: true };
  }
  if (!SCALARS.includes(json.type)) throw new Error(`No type of a package: ${JSON.stringify(json)}`);
  return { type: String(json.type), plain: true };
}
