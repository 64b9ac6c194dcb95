import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderContext } from "../../../infra/crews/build-context.ts";
import { loadAgents } from "../../../infra/declarations/index.ts";

/** A repository with secrets that git ignores, and what a pull request adds to it: links. */
let root: string;
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const link = (path: string, target: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
};
const agent = (more: string) =>
  `name: Writer\ndescription: Writes.\ncapability: { name: writing, version: 1.0.0 }\ntags: [writing]\nauthor: { name: Example }\npricing: free\ninput: [{ id: topic, type: string, name: Topic }]\n${more}\n`;
const CREW =
  "crew: { agents: { a: { role: r, goal: g, backstory: b } }, tasks: [{ name: t, agent: a, description: 'On {topic}', expected_output: o }] }";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "committed-links-"));
  execFileSync("git", ["init", "--quiet"], { cwd: root });
  write(".gitignore", ".masumi/\nsecrets/\n.env\n");
  write(".masumi/passphrase", "the passphrase");
  write(".env", "KEY=the key");
  write("secrets/key.txt", "the key");
  write(".git/config", "[url]\n  token = the token\n");
});
afterEach(() => rmSync(root, { recursive: true }));

const complaints = () =>
  loadAgents({
    stack: "local",
    projectRoot: root,
    folder: join(root, "agents"),
    network: "Preprod",
    hosting: "docker",
  }).complaints.map(({ message }) => message);

const SECRETS = [
  ["../.masumi/passphrase", /nothing in \.masumi leaves this machine/],
  ["../.git/config", /nothing in \.git leaves this machine/],
  ["../.env", /git ignores|ignored by git/],
  ["../secrets/key.txt", /git ignores|ignored by git/],
] as const;

describe("a committed link", () => {
  it.each(SECRETS)("carries nothing into documents: %s", (target, said) => {
    link("docs/notes.txt", target);
    write("agents/writer.yaml", agent(`${CREW}\ndocuments: [docs/notes.txt]`));
    expect(complaints()).toContainEqual(expect.stringMatching(said));
  });

  it.each(SECRETS)("carries nothing into an image: %s", (target, said) => {
    write("own/Dockerfile", "FROM scratch\nCOPY . /\n");
    link("own/data", target);
    write("agents/writer.yaml", agent("build: ./own"));
    expect(complaints()).toEqual([expect.stringMatching(said)]);
    expect(() => folderContext(root, "own")).toThrow(said);
  });

  it.each([
    ["docs", "../.masumi", "docs/passphrase"],
    ["docs", "../.git", "docs/config"],
    ["docs", "../secrets", "docs/key.txt"],
  ])("to a folder carries nothing of it: %s -> %s", (path, target, document) => {
    link(path, target.replace("../", ""));
    write("agents/writer.yaml", agent(`${CREW}\ndocuments: [${document}.txt, ${document}]`));
    expect(complaints().filter((text) => !/does not exist|cannot read/.test(text))).not.toEqual([]);
  });

  it.each(["own -> ../.git", "own -> ../.masumi"])("stands for no folder to build: %s", (arrow) => {
    const target = arrow.split("/")[1] ?? "";
    write(`${target}/Dockerfile`, "FROM scratch\n");
    link("own", target);
    write("agents/writer.yaml", agent("build: ./own"));
    expect(complaints()).toEqual([expect.stringContaining("leaves this machine")]);
  });

  it.each(["../.masumi/passphrase", "../.env"])("stands for no declaration: %s", (target) => {
    link("agents/writer.yaml", target);
    const [said, ...more] = complaints();
    expect(more).toEqual([]);
    expect(said).toMatch(/is a link (into|to something that git ignores)/);
    expect(said).not.toMatch(/the (key|passphrase)/);
  });

  it("to a file of the repository is followed", () => {
    write("shared/notes.txt", "All that we know.");
    link("docs/notes.txt", "../shared/notes.txt");
    write("agents/writer.yaml", agent(`${CREW}\ndocuments: [docs/notes.txt]`));
    expect(complaints()).toEqual([]);
  });
});

describe("what is declared without a link", () => {
  it.each([".masumi/passphrase.txt", ".git/notes.txt", "secrets/key.txt"])("is refused: %s", (path) => {
    write(path, "the key");
    write("agents/writer.yaml", agent(`${CREW}\ndocuments: [${path}]`));
    expect(complaints()).not.toEqual([]);
  });
});
