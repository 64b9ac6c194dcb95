import { describe, expect, it } from "vitest";
import type { Field } from "../../buyer/agent-wire.ts";
import { inputSchema } from "../../buyer/agent-wire.ts";
import { enteredValues, fitInput, inputDataOf } from "../../buyer/inputs.ts";

const optional = { validation: "optional", value: "true" };
const field = (type: string, more: Partial<Field> = {}): Field => ({ id: "x", type, name: "X", ...more });
const choices = { data: { values: ["red", "blue", "0"] } };

/** Texts as they were typed, `name=text` each. */
function read(fields: readonly Field[], typed: readonly string[]) {
  const texts: Record<string, string[]> = {};
  for (const one of typed) {
    const [, name = "", text = ""] = /^(\w+)=(.*)$/.exec(one) ?? [];
    (texts[name] ??= []).push(text);
  }
  return inputDataOf(fields, enteredValues(texts));
}

describe("what was entered becomes what the field's type wants", () => {
  it.each<[string, Field, string[], unknown]>([
    ["text", field("string"), ["x=Heat pumps = good"], "Heat pumps = good"],
    ["a text that looks like a number", field("string"), ["x=5"], "5"],
    ["a whole number", field("number"), ["x=42"], 42],
    ["a number with decimals", field("range"), ["x=-1.50"], -1.5],
    ["true", field("boolean"), ["x=true"], true],
    ["no", field("checkbox"), ["x=No"], false],
    ["a choice", field("option", choices), ["x=blue"], "blue"],
    ["a choice by its number", field("radio", choices), ["x=1"], "blue"],
    ["a choice whose text is a number", field("radio", choices), ["x=0"], "0"],
    ["one of several choices", field("multiselect", choices), ["x=red"], ["red"]],
    ["several choices", field("multiselect", choices), ["x=red", "x=blue"], ["red", "blue"]],
    ["a date", field("date"), ["x=2026-12-31"], "2026-12-31"],
    ["a colour", field("color"), ["x=#1a73e8"], "#1a73e8"],
    ["an uploaded file", field("file"), ["x=https://example.com/a.pdf"], "https://example.com/a.pdf"],
    ["an address of a type that is not known here", field("wallet"), ["x=addr1"], "addr1"],
    ["nothing for an optional field", field("string", { validations: [optional] }), [], undefined],
    ["nothing for a field that only shows something", field("none"), [], undefined],
  ])("%s", (_, schema, options, expected) => {
    expect(read([schema], options)["x"]).toEqual(expected);
  });

  it("of groups of fields, too", () => {
    const groups = {
      input_groups: [{ input_data: [field("number")] }, { input_data: [{ ...field("string"), id: "y" }] }],
    };
    expect(read(inputSchema.parse(groups), ["x=1", "y=1"])).toEqual({ x: 1, y: "1" });
  });
});

describe("what does not fit is refused", () => {
  const rule = (validation: string, value: string) => ({ validations: [{ validation, value }] });
  it.each<[string, Field, string[], RegExp]>([
    ["nothing", field("string"), [], /x: is required/],
    ["an empty text", field("string"), ["x="], /x: is required/],
    ["two texts", field("string"), ["x=a", "x=b"], /must be a single text/],
    ["no number", field("number"), ["x=five"], /must be a number/],
    ["infinity", field("number"), ["x=1e999"], /must be a number/],
    ["more than JSON can hold", field("number"), ["x=9007199254740993"], /2\^53/],
    ["a part of a whole", field("number", rule("format", "integer")), ["x=1.5"], /whole number/],
    ["a number below its limit", field("number", rule("min", "2")), ["x=1"], /must be at least 2/],
    ["a range beyond its own limit", field("range", { data: { max: 10 } }), ["x=11"], /must be at most 10/],
    [
      "a text that is too short",
      field("string", rule("min", "3")),
      ["x=ab"],
      /must have at least 3 characters/,
    ],
    ["blanks", field("string", rule("format", "nonempty")), ["x=  "], /must not be empty/],
    ["no address", field("email"), ["x=jane"], /e-mail/],
    ["no URL", field("string", rule("format", "url")), ["x=example.com"], /URL/],
    ["maybe", field("boolean"), ["x=maybe"], /true or false/],
    ["another choice", field("option", choices), ["x=green"], /chosen from: red, blue/],
    ["two of a radio", field("radio", choices), ["x=red", "x=blue"], /a single choice/],
    ["a file's content", field("file"), ["x=%PDF"], /@file, or the URL of an uploaded file/],
    ["a moment", field("date"), ["x=tomorrow"], /must be a date such as/],
    ["a hidden field", field("hidden"), ["x=1"], /leave it out/],
  ])("%s", (_, schema, options, message) => {
    expect(() => read([schema], options)).toThrow(message);
  });

  it("all at once, and never with the values", () => {
    const fields = [field("number"), { ...field("string"), id: "y" }];
    expect(() => read(fields, ["x=secret", "z=secret"])).toThrow(
      /HIRE_INPUT_INVALID(?![\s\S]*secret)[\s\S]*z: is not a field[\s\S]*x: must be a number[\s\S]*y: is required/,
    );
  });

  it("an empty list is none where the field is optional, and one where it may be empty", () => {
    const values = { data: { values: ["a", "b"] } };
    const of = (validation: string, value: string) => [
      field("multiselect", { ...values, validations: [{ validation, value }] }),
    ];
    const given = enteredValues({ x: [] });
    expect(fitInput(of("optional", "true"), given)).toMatchObject({ input: {}, problems: [] });
    expect(fitInput(of("min", "0"), given)).toMatchObject({ input: { x: [] }, problems: [] });
    expect(fitInput(of("min", "1"), given).problems).toEqual(["x: is required"]);
  });

  it("a field whose name every object has is not taken for entered", () => {
    const { problems } = fitInput([{ ...field("string"), id: "constructor" }], enteredValues({}));
    expect(problems).toEqual(["constructor: is required"]);
  });
});
