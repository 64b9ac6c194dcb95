import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BOOTSTRAP } from "../../cli/commands/project/commands.ts";
import { awsSettings } from "../../infra/hosting/ecs/settings.ts";
import { repository } from "../helpers/project.ts";

const text = readFileSync(join(repository, "docs/aws.md"), "utf8");
const section = (title: string) => text.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
const rows = (part: string) =>
  part
    .split("\n")
    .filter((line) => /^\| [^-]/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe("docs/aws.md", () => {
  it("names every setting of masumi:aws, with the default that it has", () => {
    const settings = section("Settings");
    expect(Object.keys(awsSettings.schema.shape).filter((key) => !settings.includes(`\`${key}\``))).toEqual(
      [],
    );
    const defaults = new Map<string, unknown>(Object.entries(awsSettings.schema.parse({})));
    const documented = rows(settings.split("### Alarms")[0] ?? "").slice(1);
    expect(documented.length).toBeGreaterThan(10);
    for (const [name = "", value = ""] of documented) {
      const own = defaults.get(name.replaceAll("`", ""));
      const said = typeof own === "string" ? own : JSON.stringify(own);
      expect(value).toMatch(own === undefined ? /^[^`]+$/ : `\`${said}\``);
    }
  });

  it("judges each control once", () => {
    const controls = rows(section("Security Hub")).slice(1);
    const ids = controls.flatMap(([named = ""]) => named.split(", "));
    expect(ids.length).toBeGreaterThan(40);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const [, , verdict = ""] of controls)
      expect(verdict).toMatch(/^(pass|setting: `|fails|may fail|none)/);
    const settings = controls.flatMap(([, , verdict = ""]) => /^setting: `(\w+)/.exec(verdict)?.[1] ?? []);
    expect(settings.filter((name) => !(name in awsSettings.schema.shape))).toEqual([]);
  });

  it("links to what is there, and names options that bootstrap has", () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? "");
    expect(links.filter((path) => !existsSync(join(repository, "docs", path)))).toEqual([]);
    const known = new Set(BOOTSTRAP.commands?.[0]?.options?.map(({ flags }) => /--[a-z-]+/.exec(flags)?.[0]));
    const named = [...section("Roles").matchAll(/[ `](--[a-z][a-z-]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
