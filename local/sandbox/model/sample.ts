/** The parts of JSON Schema that a sample follows. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Deep enough for any answer a program reads; a schema that refers to itself ends here. */
const DEEPEST = 12;

/**
 * The plainest value that a JSON Schema allows, always the same: all properties, first choice, smallest numbers,
 * `text` for every string, true for every boolean (a stub's check of its own work passes).
 */
export function sampleOf(schema: unknown, text: string): unknown {
  const root = (schema ?? {}) as Schema;
  return sample(root, root, text, 0);
}

function resolve(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const steps = schema.$ref.replace(/^#\//, "").split("/");
  let found: unknown = root;
  for (const step of steps) found = (found as Record<string, unknown> | undefined)?.[step];
  return typeof found === "object" && found !== null ? found : {};
}

function sample(unresolved: Schema, root: Schema, text: string, depth: number): unknown {
  const schema = resolve(unresolved, root);
  if (depth > DEEPEST) return null;
  const inner = (part: Schema) => sample(part, root, text, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(inner)) as unknown;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return inner(choices.find((choice) => choice.type !== "null") ?? {});
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  switch (types.find((type) => type !== "null") ?? (schema.properties ? "object" : types[0])) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, part]) => [name, inner(part)]),
      );
    case "array":
      return Array.from({ length: Math.max(1, schema.minItems ?? 1) }, () =>
        inner(schema.items ?? { type: "string" }),
      );
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return text;
  }
}
