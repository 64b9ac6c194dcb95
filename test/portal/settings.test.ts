/** Every setting of the portal, where people look for it and where it has to come through. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { settingsSchema, withoutOwn } from "../../portal/settings.ts";
import { repository } from "../helpers/project.ts";

const NAMES = Object.keys(settingsSchema.shape);
const read = (path: string) => readFileSync(join(repository, path), "utf8");

it("each setting has a row of a table in docs/portal.md", () => {
  const rows = new Set([...read("docs/portal.md").matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, name]) => name));
  expect(NAMES.length).toBeGreaterThan(30);
  expect(NAMES.filter((name) => !rows.has(name))).toEqual([]);
});

it("no setting, and no key that the portal alone needs, is in the environment of what a run starts", () => {
  const needed = { MASUMI_API_KEY: "registers", AWS_REGION: "eu-west-1", PATH: "/bin" };
  const own = Object.fromEntries([...NAMES, "MASUMI_REGISTRY_KEY"].map((name) => [name, "own"]));
  expect(withoutOwn({ ...needed, ...own })).toEqual(needed);
});

describe("portal/compose.yaml", () => {
  const { portal } = (
    parse(read("portal/compose.yaml")) as {
      services: {
        portal: { env_file?: readonly { path: string }[]; environment: Readonly<Record<string, unknown>> };
      };
    }
  ).services;
  const isOwn = (name: string) => !String(portal.environment[name]).startsWith(`\${${name}:`);

  it("hands each setting in portal/.env on to the portal, but for what belongs to the container", () => {
    expect(portal.env_file?.map(({ path }) => path)).toEqual([".env"]);
    expect(NAMES.filter((name) => name in portal.environment && isOwn(name)).toSorted()).toEqual([
      "DATABASE_URL",
      "PORTAL_FOLDER",
      "PORTAL_HOST",
      "PORTAL_PORT",
    ]);
  });

  it("keeps the database's password from the crews that the portal starts", () => {
    expect(portal.environment["POSTGRES_PASSWORD"]).toBe("");
  });
});
