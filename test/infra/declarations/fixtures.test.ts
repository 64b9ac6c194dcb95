import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LoadOptions, formatComplaint, loadAgents } from "../../../infra/declarations/index.ts";

const root = join(import.meta.dirname, "../../fixtures/declarations");

/** The stack that a fixture is loaded for; its context.json says what is different. */
const LOCAL = { folder: "agents", stack: "local", network: "Preprod", hosting: "process" } as const;

function load(projectRoot: string) {
  const context = join(projectRoot, "context.json");
  const own = existsSync(context) ? (JSON.parse(readFileSync(context, "utf8")) as Partial<LoadOptions>) : {};
  return loadAgents({ ...LOCAL, ...own, projectRoot });
}

/** Compares with the golden file; a mismatch leaves the actual text beside it, to be looked at and moved over. */
function expectGolden(file: string, actual: string): void {
  const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (actual !== expected) writeFileSync(`${file}.actual`, actual);
  expect(actual).toBe(expected);
}

const cases = (kind: "invalid" | "valid") => readdirSync(join(root, kind));

describe("a mistake is complained of where it is", () => {
  it.each(cases("invalid"))("%s", (name) => {
    const { agents, complaints } = load(join(root, "invalid", name));
    expect(agents).toEqual([]);
    expectGolden(
      join(root, "invalid", name, "expected.txt"),
      `${complaints.map(formatComplaint).join("\n")}\n`,
    );
  });
});

describe("a right declaration becomes an agent", () => {
  it.each(cases("valid"))("%s", (name) => {
    const { agents, complaints } = load(join(root, "valid", name));
    expect(complaints.map(formatComplaint)).toEqual([]);
    expectGolden(join(root, "valid", name, "expected.json"), `${JSON.stringify(agents, undefined, 2)}\n`);
  });
});
