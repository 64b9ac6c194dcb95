import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { agentSchemaJson } from "../../../../infra/declarations/index.ts";

type Json = { readonly [key: string]: unknown };

const text = agentSchemaJson();
const schema = JSON.parse(text) as Json & { properties: Record<string, Json>; required: string[] };

function* everyMap(node: unknown, pointer = "#"): Generator<[pointer: string, node: Json]> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield [pointer, node as Json];
  for (const [key, child] of Object.entries(node)) yield* everyMap(child, `${pointer}/${key}`);
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
