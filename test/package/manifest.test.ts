import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createManifest, manifest } from "../../packaging/manifest.ts";
import { repository } from "../helpers/project.ts";

it("the repository has no main export: the SDK would run it instead of infra/, and take down what a stack has", () => {
  const own = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Record<string, object>;
  expect(own).not.toHaveProperty("main");
  expect(Object.keys(own["exports"] ?? {})).not.toContain(".");
});

it("the package has one, and both packages say which repository they are built in, if it is known", () => {
  const library = { types: "./library/index.d.ts", default: "./library/index.js" };
  expect(manifest()).toMatchObject({ exports: { ".": library } });
  expect(manifest()).not.toHaveProperty("repository");
  for (const make of [manifest, createManifest])
    expect(make({ version: "1.2.3", repository: "example/agents" })).toMatchObject({
      version: "1.2.3",
      repository: { type: "git", url: "git+https://github.com/example/agents.git" },
    });
});
