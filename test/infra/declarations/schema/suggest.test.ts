import { expect, it } from "vitest";
import { nearest } from "../../../../infra/declarations/schema/suggest.ts";

const KNOWN = ["name", "description", "pricing", "exampleOutputs", "expected_output", "V1", "V2"];

it.each([
  ["nmae", "name"],
  ["desciption", "description"],
  ["Pricing", "pricing"],
  ["example_outputs", "exampleOutputs"],
  ["expectedOutput", "expected_output"],
  ["v1", "V1"],
  ["V3", undefined],
  ["colour", undefined],
  ["", undefined],
])("nearest to %j is %j", (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant);
});
