import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Field } from "../../buyer/agent-wire.ts";
import { inputDataOf } from "../../buyer/inputs.ts";
import { readEntered } from "../../cli/hire/entered.ts";

const field = (type: string): Field => ({ id: "x", type, name: "X" });
const read = (fields: readonly Field[], options: readonly string[], file?: string) =>
  inputDataOf(fields, readEntered(options, file));

const folder = mkdtempSync(join(tmpdir(), "hire-inputs-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("what was typed", () => {
  it("may be a file, for a field of files", () => {
    expect(read([field("file")], [`x=@${file("a brief.pdf", "tea")}`])["x"]).toBe(
      "data:application/pdf;name=a%20brief.pdf;base64,dGVh",
    );
  });

  it("from a JSON file, where --input wins, and from text files", () => {
    const json = file("in.json", JSON.stringify({ x: 3, y: "from the file", z: true }));
    const fields = [field("number"), { ...field("textarea"), id: "y" }, { ...field("boolean"), id: "z" }];
    expect(read(fields, ["x=4"], json)).toEqual({ x: 4, y: "from the file", z: true });
    expect(read(fields, [`y=@${file("y.txt", "line\nline")}`], json)).toMatchObject({
      x: 3,
      y: "line\nline",
    });
  });

  it.each([
    ["an option without a name", ["=x"], undefined],
    ["a file that is not there", ["x=@/nowhere/at/all"], undefined],
    ["a file that is no text", [`x=@${file("bytes", new Uint8Array([0xff, 0xfe]))}`], undefined],
    ["a list instead of an object", [], file("list.json", "[1]")],
    ["no JSON", [], file("bad.json", "{")],
  ])("%s", (_, options, json) => {
    expect(() => read([field("string")], options, json)).toThrow(
      expect.objectContaining({ name: "UserError" }) as Error,
    );
  });
});
