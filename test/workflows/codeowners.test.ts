import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../helpers/project.ts";

const PLATFORM = "@example/platform";
const AUTHORS = "@example/agents";

/** The rules in their order: `*` is everything, all others are anchored paths, so that no file elsewhere fits by its name. */
const RULES = readFileSync(join(repository, ".github/CODEOWNERS"), "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => line.trim().split(/\s+/))
  .map(([pattern = "", ...owners]) => ({ pattern, owners }));

const fits = (pattern: string, path: string): boolean =>
  pattern === "*" || (pattern.endsWith("/") ? `/${path}`.startsWith(pattern) : `/${path}` === pattern);

const ownersOf = (path: string) => RULES.findLast(({ pattern }) => fits(pattern, path))?.owners;

/** What a clone or a run leaves there, and git does not take. */
const UNTRACKED = /^(\.git|\.masumi|node_modules|Pulumi\.local\.yaml)$/;

const tops = readdirSync(repository, { withFileTypes: true }).filter(({ name }) => !UNTRACKED.test(name));

describe(".github/CODEOWNERS", () => {
  it("has only rules whose reach is plain", () => {
    for (const { pattern, owners } of RULES) {
      expect(pattern).toMatch(/^(\*|\/[\w./-]+)$/);
      expect(owners).toHaveLength(1);
    }
  });

  it.each(tops.map((entry) => [entry.name, entry] as const))("%s has an owner", (name, entry) => {
    const owners = ownersOf(entry.isDirectory() ? `${name}/a-file` : name);
    expect(owners).toEqual([name === "agents" ? AUTHORS : PLATFORM]);
  });

  it("leaves authors their agents, and nothing that reaches the deployer", () => {
    expect(ownersOf("agents/a-new-one.yaml")).toEqual([AUTHORS]);
    expect(ownersOf("crews/a-new-one/crew.py")).toEqual([AUTHORS]);
    for (const path of [
      "infra/index.ts",
      "providers/a.ts",
      "cli/main.ts",
      "stacks/a.ts",
      "local/a.ts",
      "buyer/a.ts",
      "crew/src/a.py",
      ".github/workflows/deploy.yml",
      ".github/CODEOWNERS",
      "package.json",
      "package-lock.json",
      ".npmrc",
      "Pulumi.yaml",
      "Pulumi.preprod.yaml",
      "Pulumi.mainnet.yaml",
      "Pulumi.another.yaml",
      "a-new-folder/agents/a.yaml",
      "agents/agent.schema.json",
    ]) {
      expect([path, ownersOf(path)]).toEqual([path, [PLATFORM]]);
    }
  });
});
