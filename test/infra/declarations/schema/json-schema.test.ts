import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { agentSchemaJson } from "../../../../infra/declarations/index.ts";

type Json = { readonly [key: string]: unknown };

const text = agentSchemaJson();
const schema = JSON.parse(text) as Json & { properties: Record<string, Json>; required: string[] };

function* everyMap(node: unknown, pointer = "#"): Generator<[pointer: string, node: Json]> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield [pointer, node as Json];
  for (const [key, child] of Object.entries(node)) yield* everyMap(child, `${pointer}/${key}`);
}

/**
 * Returns the schema as zod reads it: every reference replaced by what it refers to, since it knows only those to definitions,
 * and an empty list among the values of an `enum` as a schema of its own.
 */
function withoutReferences(node: unknown): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map(withoutReferences);
  const { $ref, ...rest } = node as Json;
  if (Array.isArray(rest["enum"]) && rest["enum"].some(Array.isArray)) {
    const scalars = rest["enum"].filter((value) => !Array.isArray(value));
    return { anyOf: [{ enum: scalars }, { type: "array", maxItems: 0 }] };
  }
  if (typeof $ref !== "string") {
    return Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, withoutReferences(child)]));
  }
  const steps = $ref.split("/").slice(1);
  return withoutReferences(steps.reduce<unknown>((found, step) => (found as Json)[step], schema));
}

const isRealObject = ([pointer, node]: [string, Json]) =>
  node["type"] === "object" && !/\/(properties|default)$|\/examples(\/|$)/.test(pointer);

describe("agents/agent.schema.json", () => {
  it("is fresh (else: node infra/declarations/schema/write-json-schema.ts)", () => {
    const checkedIn = readFileSync(new URL("../../../../agents/agent.schema.json", import.meta.url), "utf8");
    expect(checkedIn).toBe(text);
  });

  it("demands what a registration needs, and nothing with a default", () => {
    expect(schema.required.toSorted()).toEqual([
      "author",
      "capability",
      "description",
      "name",
      "pricing",
      "tags",
    ]);
  });

  it("explains every key of an agent", () => {
    const silent = Object.entries(schema.properties).filter(([, property]) => !property["description"]);
    expect(silent.map(([key]) => key)).toEqual([]);
  });

  it("knows no map with keys that nobody has described", () => {
    const open = [...everyMap(schema)]
      .filter(isRealObject)
      .filter(([, node]) => node["additionalProperties"] === undefined);
    expect(open.map(([pointer]) => pointer)).toEqual([]);
  });

  it("refers only to what it holds", () => {
    const pointers = [...everyMap(schema)].flatMap(([, node]) =>
      typeof node["$ref"] === "string" ? [node["$ref"]] : [],
    );
    const dangling = pointers.filter((pointer) => {
      const steps = pointer.split("/").slice(1);
      return steps.reduce<unknown>((node, step) => (node as Json | undefined)?.[step], schema) === undefined;
    });
    expect(pointers.length).toBeGreaterThan(0);
    expect(dangling).toEqual([]);
  });

  it("accepts what validate accepts", () => {
    const valid = join(import.meta.dirname, "../../../fixtures/declarations/valid");
    const editor = z.fromJSONSchema(withoutReferences(schema) as z.core.JSONSchema.JSONSchema);
    const refused = globSync("*/agents/*.{yaml,yml}", { cwd: valid }).flatMap((file) =>
      parseAllDocuments(readFileSync(join(valid, file), "utf8"), { merge: true })
        .map((document): unknown => document.toJS())
        .filter((value) => value !== null && !editor.safeParse(value).success)
        .map(() => file),
    );
    expect(refused).toEqual([]);
  });

  it("takes CrewAI's keys only where they change nothing, and does not suggest them", () => {
    const editor = z.fromJSONSchema(withoutReferences(schema) as z.core.JSONSchema.JSONSchema);
    const withAgent = (keys: Json) => ({
      name: "A",
      description: "A",
      capability: { name: "a", version: "1" },
      tags: ["a"],
      author: { name: "A" },
      pricing: "free",
      crew: {
        agents: { a: { role: "A", goal: "A", backstory: "A", ...keys } },
        tasks: { a: { agent: "a", description: "A", expected_output: "A" } },
      },
    });
    const accepts = (keys: Json) => editor.safeParse(withAgent(keys)).success;
    expect(accepts({ memory: false, callbacks: [], llm: null, respect_context_window: true })).toBe(true);
    expect(accepts({ memory: true })).toBe(false);
    expect(accepts({ respect_context_window: false })).toBe(false);
    expect(accepts({ unheard_of: false })).toBe(false);
    expect(text).not.toContain('"allow_delegation":');
  });

  it("lets an override change anything but what the agent is and where it lives", () => {
    const override = schema.properties["overrides"]?.["additionalProperties"] as {
      properties: Json;
      required?: unknown;
    };
    const { id: _id, only: _only, overrides: _overrides, ...rest } = schema.properties;
    expect(Object.keys(override.properties)).toEqual(Object.keys(rest));
    expect(override.required).toBeUndefined();
  });
});
