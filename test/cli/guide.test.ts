import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { wordedCommands } from "../../cli/guide/commands.ts";
import { guideFiles } from "../../cli/guide/index.ts";
import { COMMANDS } from "../../cli/commands/index.ts";
import { repository } from "../helpers/project.ts";

const textOf = (path: string): string => readFileSync(join(repository, path), "utf8");

/** The files that a document's Markdown links to, from the top of the repository. */
const linkedFrom = (path: string): string[] =>
  [...textOf(path).matchAll(/\]\(([^)#]+)\)/g)].map(([, link = ""]) => join(dirname(path), link));

describe.each([...guideFiles().keys()])("%s", (path) => {
  it("is up to date", () => {
    expect(textOf(path), "npm run words").toBe(guideFiles().get(path));
  });

  it("links only to what is there", () => {
    expect(linkedFrom(path).filter((file) => !existsSync(join(repository, file)))).toEqual([]);
  });
});

describe("llms.txt", () => {
  const [head = "", ...sections] = textOf("llms.txt").split(/^## /m);

  it("has a title, a summary and no other heading before its lists of links", () => {
    expect(head).toMatch(/^# \S.*\n\n> \S.*\n\n/);
    expect(head.match(/^#/gm)).toHaveLength(1);
    for (const section of sections) {
      const [, ...lines] = section.trimEnd().split("\n");
      expect(lines.filter((line) => line !== "" && !/^- \[[^\]]+\]\([^)]+\): \S/.test(line))).toEqual([]);
    }
    expect(sections.at(-1)).toMatch(/^Optional\n/);
  });

  it("names every document of docs/", () => {
    const documents = globSync("docs/*.md", { cwd: repository });
    expect(linkedFrom("llms.txt")).toEqual(expect.arrayContaining(documents));
  });
});

describe("the skill", () => {
  const path = "skills/masumi-agents/SKILL.md";
  const [, front = "", body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(textOf(path)) ?? [];

  it("has the front matter that agentskills.io demands, and a body that is not too long to be read", () => {
    const { name, description, ...others } = parse(front) as Record<string, string>;
    expect(name).toBe("masumi-agents");
    expect(dirname(path)).toBe(`skills/${name}`);
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(description?.length).toBeLessThanOrEqual(1024);
    expect(Object.keys(others).toSorted()).toEqual(["compatibility", "license"]);
    expect(others["compatibility"]?.length).toBeLessThanOrEqual(500);
    expect(body.split("\n").length).toBeLessThan(500);
  });

  it("names no command that there is not", () => {
    const known = new Set(wordedCommands(COMMANDS).map(({ words }) => words));
    const named = [...body.matchAll(/npx masumi-agents ([a-z]+)/g)].map(([, word = ""]) => word);
    expect(named.filter((word) => !known.has(word))).toEqual([]);
  });

  it("describes every option of every command", () => {
    const sections = textOf("skills/masumi-agents/references/commands.md").split(/^## /m);
    for (const { words, options = [] } of wordedCommands(COMMANDS)) {
      const section = sections.find((text) => text.startsWith(`${words}\n`));
      for (const { flags } of options) expect(section).toContain(`- \`${flags}\`: `);
    }
  });
});
