import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadAgents } from "../../infra/declarations/index.ts";
import { repository } from "../helpers/project.ts";

const readme = readFileSync(join(repository, "README.md"), "utf8");

describe("README.md", () => {
  it("begins with a declaration that is right", () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const folder = mkdtempSync(join(tmpdir(), "readme-"));
    mkdirSync(join(folder, "agents"));
    writeFileSync(join(folder, "agents/meeting-minutes.yaml"), yaml);
    const { agents, complaints } = loadAgents({
      folder: "agents",
      projectRoot: folder,
      stack: "local",
      network: "Preprod",
      hosting: "process",
    });
    rmSync(folder, { recursive: true });
    expect(complaints).toEqual([]);
    expect(agents.map(({ id }) => id)).toEqual(["meeting-minutes"]);
  });

  it("names commands and files that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map(([, script]) => script ?? "");
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? "");
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(join(repository, link)))).toEqual([]);
  });
});
