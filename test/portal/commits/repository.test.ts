import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorOf } from "../../../portal/commits/author.ts";
import { git } from "../../../portal/commits/git.ts";
import { OutrunError, Repository } from "../../../portal/commits/repository.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "masumi-portal-git-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const anna = { name: "Anna", email: "anna@example.com" };
const ben = { name: "Ben", email: "ben@example.com" };

async function opened(name = "repository.git", remote?: string): Promise<Repository> {
  const repository = new Repository(join(folder, name), remote);
  await repository.open();
  return repository;
}

const adding = (path: string, text: string | null, requests: readonly string[] = ["r1"]) => ({
  subject: `Change ${path}`,
  changes: [{ path, text }],
  authors: [anna],
  requests,
});

const show = (repository: Repository, format: string) =>
  git(repository.folder, ["log", "-1", `--format=${format}`, "main"]);

describe("a repository", () => {
  it("forgets, when it is opened, what a killed portal was about to commit", async () => {
    const repository = await opened();
    const left = join(repository.folder, "commit-x");
    mkdirSync(left);
    await repository.open();
    expect(existsSync(left)).toBe(true);
    utimesSync(left, 0, 0);
    await repository.open();
    expect(existsSync(left)).toBe(false);
  });
});

describe("a commit", () => {
  it("has the files, its user as author, and the requests as trailers", async () => {
    const repository = await opened();
    const first = await repository.commit(adding("agents/a/x.yaml", "name: x\n", ["r1", "r2"]));
    expect(await repository.head()).toBe(first);
    expect(await repository.filesOf(first, "agents/a")).toEqual(new Map([["x.yaml", "name: x\n"]]));
    expect(await show(repository, "%an <%ae>")).toContain("Anna <anna@example.com>");
    expect(await repository.requestsOfNewest()).toEqual(
      new Map([
        ["r1", first],
        ["r2", first],
      ]),
    );
  });

  it("leaves all other files as they are, and removes one", async () => {
    const repository = await opened();
    await repository.commit(adding("agents/a/x.yaml", "x"));
    const second = await repository.commit(adding("agents/a/y.yaml", "y é 🚲\n"));
    expect([...(await repository.filesOf(second, "agents/a"))]).toEqual([
      ["x.yaml", "x"],
      ["y.yaml", "y é 🚲\n"],
    ]);
    const third = await repository.commit(adding("agents/a/x.yaml", null));
    expect([...(await repository.filesOf(third, "agents/a")).keys()]).toEqual(["y.yaml"]);
    expect(await repository.file(third, "agents/a/x.yaml")).toBeUndefined();
    expect(await repository.file(third, "agents/a/y.yaml")).toBe("y é 🚲\n");
  });

  it("of several users is the portal's, who names them", async () => {
    const repository = await opened();
    await repository.commit({ ...adding("a.yaml", "a"), authors: [anna, ben] });
    expect(await show(repository, "%an|%b")).toMatch(
      /^Agent portal\|Co-authored-by: Anna <anna@example.com>\nCo-authored-by: Ben <ben@example.com>\nRequest: r1/,
    );
  });
});

describe("with a remote", () => {
  async function remote(): Promise<string> {
    const origin = join(folder, "origin.git");
    await git(folder, ["init", "--quiet", "--bare", "--initial-branch=main", origin]);
    return origin;
  }

  it("a commit counts once it is pushed, and others' commits come first", async () => {
    const origin = await remote();
    const one = await opened("one.git", origin);
    const two = await opened("two.git", origin);
    await one.commit(adding("x.yaml", "x"));
    await expect(two.commit(adding("y.yaml", "y"))).rejects.toBeInstanceOf(OutrunError);
    expect(await two.head()).toBeUndefined();
    await two.update();
    const commit = await two.commit(adding("y.yaml", "y", ["r2"]));
    await one.update();
    expect(await one.head()).toBe(commit);
    expect([...(await one.requestsOfNewest()).keys()].toSorted()).toEqual(["r1", "r2"]);
  });
});

describe("an author", () => {
  it.each([
    ["a name and address", "anna@example.com", "anna@example.com", "anna@example.com"],
    ["a new line", "a@b.c\nRequest: r9", "a@b.cRequest:r9", "a@b.cRequest:r9"],
    ["angle brackets", "a@b.c> <x@y.z", "a@b.cx@y.z", "a@b.cx@y.z"],
    ["a reversed text", "a\u202e@b.c", "a@b.c", "a@b.c"],
    ["control characters", "a\u0000\u001b[31m@b.c", "a[31m@b.c", "a[31m@b.c"],
  ])("of %s is no more than a name and an address", async (_what, email, name, address) => {
    const author = authorOf({ id: "u1", email });
    expect(author).toEqual({ name, email: address });
    const repository = await opened();
    await repository.commit({ ...adding("a.yaml", "a"), authors: [author] });
    expect([...(await repository.requestsOfNewest()).keys()]).toEqual(["r1"]);
    expect((await show(repository, "%an|%ae")).trim()).toBe(`${name}|${address}`);
  });

  it("has a name that git takes, also where the user's id is punctuation", async () => {
    const author = authorOf({ id: "...", email: null });
    const repository = await opened();
    await repository.commit({ ...adding("a.yaml", "a"), authors: [author] });
    expect(await show(repository, "%an")).toBe("user\n");
  });

  it("without an address is the user's id", () => {
    expect(authorOf({ id: "auth0|7", email: null })).toEqual({
      name: "auth0|7",
      email: "auth0-7@users.invalid",
    });
  });
});
