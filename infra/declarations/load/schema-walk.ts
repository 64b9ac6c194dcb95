import { z } from "zod";
import type { Path } from "./located.ts";

/*
 * Finds the part of a schema that describes a path, so a complaint can list the keys that are known there and show the
 * schema's own example.
 */

type Definition = {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
};

const definition = (schema: z.ZodType) => schema.def as Definition;

/** Yields a schema and those that it wraps (default, optional, transform). */
function* unwrapped(schema: z.ZodType): Generator<z.ZodType> {
  for (let next: z.ZodType | undefined = schema; next;) {
    yield next;
    const { innerType, in: input } = definition(next);
    next = innerType ?? input;
  }
}

/** Returns the schemas that describe the value at `path`, outermost wrapper first. */
function schemasAt(schema: z.ZodType, value: unknown, path: Path): z.ZodType[] {
  const layers = [...unwrapped(schema)];
  const [step, ...rest] = path;
  const innermost = layers.at(-1);
  if (step === undefined || !innermost) return layers;
  const { shape, valueType, element, options } = definition(innermost);
  if (options) return schemasAt(optionFor(options, value, step), value, path);
  const next = shape?.[step] ?? valueType ?? element;
  return next ? schemasAt(next, childOf(value, step), rest) : [];
}

const shapeOf = (option: z.ZodType) => definition([...unwrapped(option)].at(-1) ?? option).shape;

/** Returns whether a member of a union is meant by this value: its `type` or `validation` is the value's. */
const fits = (option: z.ZodType, value: unknown): boolean =>
  ["type", "validation"].some((tag) => shapeOf(option)?.[tag]?.safeParse(childOf(value, tag)).success);

/** Returns the member of a union that is meant by this value, otherwise one that knows the key `step`, otherwise any map. */
function optionFor(options: readonly z.ZodType[], value: unknown, step?: string | number): z.ZodType {
  const knows = (option: z.ZodType) => step !== undefined && shapeOf(option)?.[step] !== undefined;
  const meant = options.find((option) => fits(option, value));
  return meant ?? options.find(knows) ?? options.find(shapeOf) ?? z.unknown();
}

const childOf = (value: unknown, step: string | number): unknown =>
  value === null || typeof value !== "object" ? undefined : (value as Record<string, unknown>)[step];

/** Returns the known keys of the map at `path`; of all members of a union if none is meant. */
export function knownKeys(schema: z.ZodType, value: unknown, path: Path): string[] {
  const innermost = schemasAt(schema, value, path).at(-1);
  if (!innermost) return [];
  const here = path.reduce(childOf, value);
  const { shape, options } = definition(innermost);
  if (!options) return Object.keys(shape ?? {});
  const knowsSome = (option: z.ZodType) =>
    Object.keys(shapeOf(option) ?? {}).some((key) => childOf(here, key));
  const meant = [fits, knowsSome].map((is) => options.filter((option) => is(option, here)));
  const [best = options] = meant.filter((found) => found.length > 0);
  return [...new Set(best.flatMap((option) => knownKeys(option, here, [])))];
}

/** Returns whether the schema accepts `candidate` as the value at `path`. */
export const accepts = (schema: z.ZodType, value: unknown, path: Path, candidate: unknown): boolean =>
  schemasAt(schema, value, path)[0]?.safeParse(candidate).success ?? false;

/** Returns the schema's examples for the value at `path`. */
export function examplesAt(schema: z.ZodType, value: unknown, path: Path): readonly unknown[] {
  for (const layer of schemasAt(schema, value, path)) {
    const examples = layer.meta()?.["examples"];
    if (Array.isArray(examples)) return examples;
  }
  return [];
}
