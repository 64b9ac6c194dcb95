import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GitError } from "../../../portal/commits/git.ts";
import { GitApart } from "../../../portal/commits/git-apart.ts";

const folder = mkdtempSync(join(tmpdir(), "masumi-portal-git-"));
const gits = new GitApart();

beforeAll(() => gits.run(folder, ["init", "--quiet", "--bare"]));
afterAll(async () => {
  await gits.close();
  rmSync(folder, { recursive: true });
});

it("gives each its own output, input and environment", async () => {
  const env = { GIT_AUTHOR_NAME: "Anna", GIT_AUTHOR_EMAIL: "anna@example.com" };
  const [one, two, author] = await Promise.all([
    gits.run(folder, ["hash-object", "--stdin"], { input: "one" }),
    gits.run(folder, ["hash-object", "--stdin"], { input: "two 🚲" }),
    gits.run(folder, ["var", "GIT_AUTHOR_IDENT"], { env }),
  ]);
  expect(one.trim()).toBe("43dd47ea691c90a5fa7827892c70241913351963");
  expect(two).not.toBe(one);
  expect(author).toContain("Anna <anna@example.com>");
});

it("says what git said when it failed, and goes on", async () => {
  const failed = gits.run(folder, ["cat-file", "blob", "nothing"]);
  await expect(failed).rejects.toThrow(GitError);
  await expect(failed).rejects.toThrow(/git cat-file ended with 128: fatal: .*nothing/);
  expect(await gits.run(folder, ["rev-parse", "--is-bare-repository"])).toBe("true\n");
});

it("ends what is aborted, and begins nothing then", async () => {
  const ended = new AbortController();
  // It waits for what nobody sends.
  const waiting = gits.run(folder, ["-c", "alias.wait=!sleep 5", "wait"], { signal: ended.signal });
  ended.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  await expect(gits.run(folder, ["version"], { signal: ended.signal })).rejects.toThrow(/abort/i);
});

it("is started again when it has ended", async () => {
  const waiting = gits.run(folder, ["-c", "alias.wait=!sleep 5", "wait"]);
  const [ended] = await Promise.allSettled([waiting, gits.close()]);
  expect(ended).toMatchObject({ reason: { message: "The process that runs git has ended." } });
  expect(await gits.run(folder, ["rev-parse", "--is-bare-repository"])).toBe("true\n");
});

it("says that there is no git, where there is none", async () => {
  const { PATH } = process.env;
  const without = new GitApart();
  try {
    process.env["PATH"] = folder;
    await expect(without.run(folder, ["version"])).rejects.toMatchObject({ code: "GIT_MISSING" });
  } finally {
    process.env["PATH"] = PATH;
    await without.close();
  }
});
