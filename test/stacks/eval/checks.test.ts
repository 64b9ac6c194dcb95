import { expect, it } from "vitest";
import { formatTable } from "../../../cli/table.ts";
import { checkEnd } from "../../../stacks/eval/checks.ts";

it("says of a huge result that is nothing like its schema only how that begins", async () => {
  const quoted = `$: ${"[1, 2], ".repeat(200_000)}is not of type 'object'`;
  const end = {
    event: "completed",
    result: "[]",
    schema_problem: quoted,
    model_calls: 1,
    tokens: 1,
    seconds: 1,
  } as const;
  const [outcome] = await checkEnd({ jsonSchema: { type: "object" } }, end, () =>
    Promise.reject(new Error("nobody asks")),
  );
  expect(outcome).toMatchObject({ check: "jsonSchema", passed: false });
  expect(outcome?.said.length).toBeLessThan(2100);
  expect(outcome?.said.startsWith("$: [1, 2], ")).toBe(true);
});

it("fits a cell of any number of words into a table", () => {
  const words = "a ".repeat(300_000);
  expect(formatTable(["heading"], [[words]])).toContain(words.trimEnd());
});
