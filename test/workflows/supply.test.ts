/** What the project is built from is pinned by its content, and something proposes the next version of each pin. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repository } from "../helpers/project.ts";
import { findStep, readWorkflow } from "./workflow.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");

/** Files of the repository by a pattern of git's, without what only tests read. */
const filesLike = (pattern: string): string[] =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", pattern], {
    cwd: repository,
    encoding: "utf8",
  })
    .split("\n")
    .filter((path) => path && !path.includes("fixtures/"));

describe("the crews' base image", () => {
  it("is pinned by digest, with the tag that Dependabot follows", () => {
    const from = read("crew/Dockerfile").match(/^FROM .*$/gm) ?? [];
    expect(from).toEqual([
      expect.stringMatching(/^FROM python:3\.12-slim@sha256:[0-9a-f]{64} AS python$/),
      "FROM ${BASE_IMAGE}",
    ]);
    expect(read("crew/Dockerfile")).toMatch(/^ARG BASE_IMAGE=python$/m);
  });
});

describe("uv", () => {
  const installer = read("crew/installer/requirements.txt");

  it("is pinned by hash, for Linux and macOS on both processors", () => {
    expect(installer.match(/^\w+==[\d.]+ /gm)).toHaveLength(1);
    expect(new Set(installer.match(/--hash=sha256:[0-9a-f]{64}/g)).size).toBe(4);
  });

  it("is installed by nothing but these hashes", () => {
    const sources = [...filesLike("*Dockerfile"), ...filesLike("providers/*.ts"), ...filesLike("crew/*.md")];
    const unpinned = sources.filter((path) => /pip[^\n]*install[^\n]* uv\b/.test(read(path)));
    expect(unpinned).toEqual([]);
    expect(read("crew/Dockerfile")).toContain("--require-hashes --only-binary=:all: -r installer.txt");
  });
});

interface Update {
  readonly "package-ecosystem": string;
  readonly directory?: string;
  readonly directories?: readonly string[];
  readonly schedule: { readonly interval: string };
}

describe("Dependabot", () => {
  const { updates } = parse(read(".github/dependabot.yml")) as { updates: readonly Update[] };
  const watched = updates.flatMap(({ "package-ecosystem": ecosystem, directory, directories = [] }) =>
    [...(directory ? [directory] : []), ...directories].map((folder) => `${ecosystem} ${folder}`),
  );
  const folderOf = (path: string) => `/${dirname(path)}`.replace(/^\/\.$/, "/");

  it("watches every pin of the repository, each week", () => {
    const pins = [
      ...filesLike("*package-lock.json").map((path) => `npm ${folderOf(path)}`),
      ...filesLike("*uv.lock").map((path) => `uv ${folderOf(path)}`),
      ...filesLike("*requirements.txt").map((path) => `pip ${folderOf(path)}`),
      ...filesLike("*Dockerfile").map((path) => `docker ${folderOf(path)}`),
      "github-actions /",
    ];
    expect(pins.length).toBeGreaterThan(6);
    expect(watched.toSorted()).toEqual(pins.toSorted());
    expect(new Set(updates.map(({ schedule }) => schedule.interval))).toEqual(new Set(["weekly"]));
  });

  it("names folders that are there", () => {
    const folders = watched.map((one) => one.split(" ")[1] ?? "");
    expect(folders.filter((folder) => !existsSync(join(repository, folder)))).toEqual([]);
  });
});

describe("npm test", () => {
  it("has actionlint and zizmor look at the workflows, and zizmor also at the action and Dependabot's configuration", () => {
    const steps = read("test/all.ts");
    expect(steps).toMatch(/workflowLinter\("actionlint", \.\.\.globSync\("\.github\/workflows\/\*\.yml"/);
    expect(steps).toMatch(/workflowLinter\("zizmor", [^)]*"\.github", "action\.yml"\)/);
  });

  it.each(["test", "release"] as const)(
    "may leave out no more in the workflow %s than in .ci/run",
    (name) => {
      const demanded = [...read(".ci/run").matchAll(/export (MASUMI_TEST_\w+)=required/g)].map(
        ([, variable = ""]) => variable,
      );
      expect(demanded.length).toBeGreaterThan(3);
      expect(findStep(readWorkflow(name).jobs["test"], "test").env).toEqual(
        Object.fromEntries(demanded.map((variable) => [variable, "required"])),
      );
    },
  );
});
