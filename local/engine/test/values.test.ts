import { describe, expect, it } from "vitest";
import { SecretFilter } from "../secret-filter.ts";
import { applyIgnoreChanges, parsePropertyPath } from "../steps/ignore-changes.ts";
import {
  annotateSecrets,
  changesBetween,
  containsUnknowns,
  deepEquals,
  normalized,
  forProvider,
  makeSecret,
  masked,
  type PropertyMap,
  reuseUnchanged,
  UNKNOWN,
  type Value,
} from "../values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const output = (fields: PropertyMap): Value => ({
  [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  ...fields,
});
const reference = (fields: PropertyMap): Value => ({
  [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e",
  ...fields,
});
const secret = makeSecret;

describe("values", () => {
  it.each<[string, Value | undefined, Value | undefined, boolean]>([
    ["a null property and an absent one", { a: null }, {}, true],
    ["an absent property and a null one", {}, { a: null }, true],
    ["different keys", { a: 1 }, { b: 1 }, false],
    ["nested values", { a: [1, { b: "x" }] }, { a: [1, { b: "x" }] }, true],
    ["arrays of different length", [1, null], [1], false],
    ["a secret and the same plain value", secret("x"), "x", false],
    ["equal secrets", secret("x"), secret("x"), true],
    ["an array and an object", [], {}, false],
    ["undefined and null", undefined, null, true],
  ])("compare %s", (_, a, b, equal) => {
    expect(deepEquals(a, b)).toBe(equal);
  });

  it("reach a provider bare: without secrets, references as ids", () => {
    const value = {
      s: secret({ a: [secret("x")] }),
      r: reference({ urn: "u", id: "i" }),
      c: reference({ urn: "u" }),
    };
    expect(forProvider(value, { secrets: false, resources: false })).toEqual({
      s: { a: ["x"] },
      r: "i",
      c: "u",
    });
  });

  it("lose the form of outputs but keep secrecy, and tell their dependencies", () => {
    const dependencies: string[] = [];
    const value = {
      known: output({ value: "x", dependencies: ["u1"] }),
      hidden: [output({ value: "y", secret: true })],
      unknown: output({ dependencies: ["u2"] }),
    };
    expect(normalized(value, (urn) => dependencies.push(urn))).toEqual({
      known: "x",
      hidden: [secret("y")],
      unknown: UNKNOWN,
    });
    expect(dependencies).toEqual(["u1", "u2"]);
  });

  it("become secret again where the inputs are: objects key by key, arrays as a whole", () => {
    const inputs = {
      a: secret("x"),
      o: { p: secret("y"), q: "z" },
      l: [secret("w"), "v"],
      gone: secret("u"),
    };
    const outputs = { a: "x2", o: { p: "y2", q: "z2" }, l: ["w2", "v2"], other: 1 };
    expect(annotateSecrets(outputs, inputs)).toEqual({
      a: secret("x2"),
      o: { p: secret("y2"), q: "z2" },
      l: secret(["w2", "v2"]),
      other: 1,
    });
  });

  it("are masked for people", () => {
    expect(masked({ a: secret("x"), b: [UNKNOWN, { c: secret({ d: 1 }) }] })).toEqual({
      a: "[secret]",
      b: ["[unknown]", { c: "[secret]" }],
    });
  });

  it("keep the very objects of what did not change", () => {
    const before = { a: secret("x"), b: secret("y") };
    const after = reuseUnchanged(before, { a: secret("x"), b: secret("z"), c: 1 });
    expect(after["a"]).toBe(before.a);
    expect(after["b"]).not.toBe(before.b);
  });

  it("are known to hold unknowns at any depth", () => {
    expect(containsUnknowns({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(containsUnknowns({ a: [{ b: "x" }] })).toBe(false);
  });

  it("differ by property, masked, without the provider's code", () => {
    const old = { same: 1, changed: "a", gone: true, hidden: secret("x"), __provider: "1" };
    const current = { same: 1, changed: "b", added: [1], hidden: secret("y"), __provider: "2" };
    expect(changesBetween(old, current)).toEqual([
      { property: "added", kind: "add", new: [1] },
      { property: "changed", kind: "update", old: "a", new: "b" },
      { property: "gone", kind: "delete", old: true },
      { property: "hidden", kind: "update", old: "[secret]", new: "[secret]" },
    ]);
  });
});

describe("ignoreChanges", () => {
  it.each<[string, readonly (string | number)[]]>([
    ["a", ["a"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ['a["b.c"][1]', ["a", "b.c", 1]],
    ['["x \\"y\\""]', ['x "y"']],
  ])("reads the path %s", (path, keys) => {
    expect(parsePropertyPath(path)).toEqual(keys);
  });

  it.each(["*", "a[*]", "a.*.b"])("refuses the wildcard %s", (path) => {
    expect(() => parsePropertyPath(path)).toThrow(/wildcard/u);
  });

  it.each<[string, PropertyMap, PropertyMap, string, PropertyMap, readonly string[]]>([
    ["takes the old value", { a: 2 }, { a: 1 }, "a", { a: 1 }, []],
    ["removes what is new", { a: 2, b: 1 }, { b: 1 }, "a", { b: 1 }, []],
    ["brings back what is gone", {}, { a: 1 }, "a", { a: 1 }, []],
    [
      "goes into objects and arrays",
      { o: { l: [1, { x: 2 }] } },
      { o: { l: [9, { x: 1 }] } },
      "o.l[1].x",
      { o: { l: [1, { x: 1 }] } },
      [],
    ],
    ["cannot follow what one side has not", { o: { x: 1 } }, {}, "o.x", { o: { x: 1 } }, ["o.x"]],
    ["cannot move the end of an array", { l: [1] }, { l: [1, 2] }, "l[1]", { l: [1] }, ["l[1]"]],
    ["does nothing where neither side has it", { a: 1 }, { a: 1 }, "o.x", { a: 1 }, []],
    [
      "stays inside a secret",
      { s: secret({ x: 2, y: 2 }) },
      { s: secret({ x: 1, y: 1 }) },
      "s.x",
      { s: secret({ x: 1, y: 2 }) },
      [],
    ],
    [
      "keeps secret what it takes out of one",
      { s: { x: 2 } },
      { s: secret({ x: 1 }) },
      "s.x",
      { s: { x: secret(1) } },
      [],
    ],
  ])("%s", (_, inputs, old, path, expected, invalid) => {
    expect(applyIgnoreChanges(inputs, old, [path])).toEqual({ inputs: expected, invalid });
  });
});

describe("the filter for secrets in messages", () => {
  it.each<[string, Value, string, string]>([
    ["a secret text", secret("s3cr3t"), "token=s3cr3t.", "token=[secret]."],
    ["a secret inside an object", { a: [secret({ key: "abcdef" })] }, "abcdef", "[secret]"],
    [
      "one line of a secret key",
      secret("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n"),
      "got MIIEvQIBADANBgkq",
      "got [secret]",
    ],
    [
      "a secret that begins with another one as a whole",
      [secret("s3cr3t"), secret("s3cr3t-and-more")],
      "token=s3cr3t-and-more.",
      "token=[secret].",
    ],
    ["nothing of a plain value", { a: "plain text" }, "plain text", "plain text"],
    ["nothing of a secret too short to be one", secret("1"), "1 2 3", "1 2 3"],
  ])("masks %s", (_, value, message, expected) => {
    const filter = new SecretFilter();
    filter.learn(value);
    expect(filter.mask(message)).toBe(expected);
  });
});
