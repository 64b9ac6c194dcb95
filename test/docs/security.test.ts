import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../helpers/project.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");
const text = read("docs/security.md");
const sections = text.split(/^## /m).slice(1);

/** Every file of tests that the page names. */
const tests = (part: string) =>
  [...part.matchAll(/`([\w./-]+(?:\.test\.ts|test_\w+\.py))`/g)].map(([, path = ""]) => path);

/** The rows of the tables of promises, without their heads. */
const promises = sections
  .flatMap((section) => section.split(/^\| Promise .*\n\| -.*\n/m).slice(1))
  .flatMap((table) => table.split("\n\n")[0]?.split("\n") ?? []);

/** A heading as GitHub names it in links. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");

/** The anchors of a page; undefined if there is no such page. */
const anchorsOf = (page: string): readonly string[] | undefined =>
  existsSync(join(repository, page))
    ? [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading))
    : undefined;

describe("docs/security.md", () => {
  it("names with each promise a test that exists", () => {
    expect(promises.length).toBeGreaterThan(30);
    expect(promises.filter((row) => tests(row).length === 0)).toEqual([]);
    expect(tests(text).filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  it("says beside the promises to a party what is not held", () => {
    const silent = sections.filter((one) => one.includes("| Promise ") && !one.includes("\nNot held:\n\n- "));
    expect(silent).toEqual([]);
  });

  it("is linked from README.md and SECURITY.md", () => {
    for (const file of ["README.md", "SECURITY.md"]) expect(read(file)).toContain("](docs/security.md)");
  });
});

describe.each(["docs/security.md", "SECURITY.md"])("%s", (file) => {
  it("links to pages and headings that exist", () => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(2);
    const broken = links.filter(([, path = "", anchor]) => {
      const anchors = anchorsOf(path === "" ? file : join(dirname(file), path));
      return anchor === undefined ? anchors === undefined : !anchors?.includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});
