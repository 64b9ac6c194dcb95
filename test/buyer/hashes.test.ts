import { describe, expect, it } from "vitest";
import { canonicalJson, inputHash, ruleOfResult } from "../../buyer/hashes.ts";
import { sha256 } from "./seller.ts";

describe("canonical JSON (RFC 8785)", () => {
  // The numbers and the order of names are those of the standard's own examples (sections 3.2.2 and 3.2.3).
  it.each<[string, unknown, string]>([
    [
      "numbers",
      [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      "[333333333.3333333,1e+30,4.5,0.002,1e-27]",
    ],
    ["a whole number with decimals", { x: 5.0, y: -0 }, '{"x":5,"y":0}'],
    [
      "names in the order of UTF-16 units",
      { "€": 1, "\r": 2, דּ: 3, "1": 4, "😀": 5, "\u0080": 6, ö: 7 },
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    ["texts", '€$\u000F\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
    ["everything within another", { b: [{ d: null, c: true }], a: {} }, '{"a":{},"b":[{"c":true,"d":null}]}'],
  ])("%s", (_, value, text) => expect(canonicalJson(value)).toBe(text));
});

describe("hashes of MIP-004", () => {
  it("of an input", () => {
    expect(inputHash("aabb", { topic: "x", n: 5.0 })).toBe(sha256('aabb;{"n":5,"topic":"x"}'));
  });

  it.each([
    ["as the marketplace spells it", 'say "hi"\n', sha256('aabb;say \\"hi\\"\\n'), "marketplace"],
    ["as it is", 'say "hi"\n', sha256('aabb;say "hi"\n'), "mip-004"],
    ["in capitals", "x", sha256("aabb;x").toUpperCase(), "marketplace"],
    ["of another purchaser", "x", sha256("ccdd;x"), undefined],
  ])("of a result %s", (_, result, hash, rule) => expect(ruleOfResult("aabb", result, hash)).toBe(rule));
});
