import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { ownFile } from "../../../providers/common/own-files.ts";

const SQL = "portal/sql/0001_agents.sql";

it.each([
  ["in the repository", "/agents", "/agents", SQL],
  [
    "where the package is installed",
    "/agents",
    "/agents/node_modules/masumi-agents",
    `node_modules/masumi-agents/${SQL}`,
  ],
  ["in full from a folder within the project", "/agents/infra", "/agents", `/agents/${SQL}`],
  ["in full where the package is elsewhere", "/agents", "/opt/masumi-agents", `/opt/masumi-agents/${SQL}`],
])("a file of the package is named as a command there would: %s", (_where, from, root, named) => {
  expect(ownFile(SQL, from, root)).toBe(named);
});

it("a file of the package is there", () => {
  expect(existsSync(ownFile(SQL))).toBe(true);
});
