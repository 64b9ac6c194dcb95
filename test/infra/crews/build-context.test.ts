import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ContextFile,
  contextHash,
  folderContext,
  runtimeContext,
  stageContext,
} from "../../../infra/crews/build-context.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "masumi-context-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

const git = (...args: string[]) => {
  const { status, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
};

const file = (path: string, text: string, executable = false): ContextFile => ({
  path,
  content: Buffer.from(text),
  executable,
});
const pathsOf = (files: readonly ContextFile[]) => files.map(({ path }) => path);

describe("the digest of a context", () => {
  const files = [file("Dockerfile", "FROM scratch\n"), file("main.py", "print()\n")];

  it.each<[what: string, other: readonly ContextFile[], also?: string]>([
    ["another content", [file("Dockerfile", "FROM scratch\n"), file("main.py", "print(1)\n")]],
    ["another name", [file("Dockerfile", "FROM scratch\n"), file("app.py", "print()\n")]],
    ["an executable", [file("Dockerfile", "FROM scratch\n"), file("main.py", "print()\n", true)]],
    ["a file less", [file("Dockerfile", "FROM scratch\n")]],
    ["content that moved from one file to the next", [file("Dockerfile", "FROM "), file("main.py", "x")]],
    ["another platform", files, "linux/arm64"],
  ])("is another one for %s", (_what, other, also = "linux/amd64") => {
    expect(contextHash(other, also)).not.toBe(contextHash(files, "linux/amd64"));
  });

  it("does not depend on the order of files, and may stand in a tag", () => {
    expect(contextHash(files.toReversed(), "linux/amd64")).toBe(contextHash(files, "linux/amd64"));
    expect(contextHash(files)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("a staged context", () => {
  it("holds the files and no other, whatever was there", () => {
    write("build/old/deep/file", "old");
    write("build/main.py", "old");
    write("build/folder-that-is-a-file/x", "old");
    symlinkSync("/etc", join(root, "build/link"));
    const files = [file("main.py", "new"), file("folder-that-is-a-file", "new"), file("a/b/c", "new")];
    stageContext(join(root, "build"), files);
    const staged = readdirSync(join(root, "build"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + "/build/".length));
    expect(staged.toSorted()).toEqual(["a/b/c", "folder-that-is-a-file", "main.py"]);
    expect(readFileSync(join(root, "build/main.py"), "utf8")).toBe("new");
  });

  it("has the modes that it has on every machine", () => {
    const umask = process.umask(0o077);
    try {
      stageContext(join(root, "build"), [file("main.py", ""), file("bin/run.sh", "", true)]);
    } finally {
      process.umask(umask);
    }
    const modeOf = (name: string) => statSync(join(root, "build", name)).mode & 0o777;
    expect([modeOf("main.py"), modeOf("bin/run.sh"), modeOf("bin")]).toEqual([0o644, 0o755, 0o755]);
  });

  it("is left alone where it is right already", () => {
    stageContext(join(root, "build"), [file("main.py", "same")]);
    utimesSync(join(root, "build/main.py"), 1, 1);
    stageContext(join(root, "build"), [file("main.py", "same")]);
    expect(statSync(join(root, "build/main.py")).mtimeMs).toBe(1000);
  });
});

describe("the runtime's context", () => {
  it("is what its Dockerfile copies, without what tools leave there", () => {
    const kept = ["Dockerfile", "installer/requirements.txt", "pyproject.toml", "uv.lock"];
    for (const path of [...kept, "README.md", "tests/test_a.py"]) write(`crew/${path}`, path);
    for (const path of ["a.py", "py.typed", "__pycache__/a.cpython-312.pyc", ".mypy_cache/x"]) {
      write(`crew/src/crew_runtime/${path}`, path);
    }
    expect(pathsOf(runtimeContext(root))).toEqual([
      "Dockerfile",
      "installer/requirements.txt",
      "pyproject.toml",
      "src/crew_runtime/a.py",
      "src/crew_runtime/py.typed",
      "uv.lock",
    ]);
  });
});

describe("the context of an author's own folder", () => {
  it("is what a clone has: no ignored file, no deleted one, and new ones", () => {
    for (const path of ["own/Dockerfile", "own/main.py", "own/gone.py", "own/.env", "other/secret"]) {
      write(path, path);
    }
    write(".gitignore", ".env\n");
    git("init", "--quiet");
    git("add", ".");
    rmSync(join(root, "own/gone.py"));
    write("own/new.py", "new");
    expect(pathsOf(folderContext(root, "./own"))).toEqual(["Dockerfile", "main.py", "new.py"]);
  });

  it("is everything in it where there is no repository", () => {
    write("own/Dockerfile", "FROM scratch\n");
    write("own/bin/run", "#!/bin/sh\n", 0o700);
    expect(folderContext(root, "own").map(({ path, executable }) => [path, executable])).toEqual([
      ["Dockerfile", false],
      ["bin/run", true],
    ]);
  });

  it("follows links within the repository", () => {
    write("own/Dockerfile", "FROM scratch\n");
    write("shared/lib.py", "shared");
    symlinkSync("../shared/lib.py", join(root, "own/lib.py"));
    expect(
      folderContext(root, "own")
        .find(({ path }) => path === "lib.py")
        ?.content.toString(),
    ).toBe("shared");
  });

  it.each<[what: string, prepare: () => void, said: RegExp]>([
    [
      "a link out of the repository",
      () => symlinkSync("/etc/hostname", join(root, "own/link")),
      /BUILD_CONTEXT_INVALID: "own\/link" is a broken link, or a link to something outside/,
    ],
    [
      "a link to nothing",
      () => symlinkSync("nothing", join(root, "own/link")),
      /"own\/link" is a broken link, or a link to something outside the repository/,
    ],
    ["a link to a folder", () => symlinkSync("../own", join(root, "own/link")), /"own\/link" is not a file/],
    [
      "a Dockerfile that git ignores",
      () => {
        write(".gitignore", "Dockerfile\n");
        git("init", "--quiet");
      },
      /git ignores the Dockerfile in own/,
    ],
  ])("is refused with %s", (_what, prepare, said) => {
    write("own/Dockerfile", "FROM scratch\n");
    prepare();
    expect(() => folderContext(root, "./own")).toThrow(said);
  });

  it("of a crew in Python needs its crew.py", () => {
    write("own/crew.py", "def crew(): ...\n");
    expect(pathsOf(folderContext(root, "own", "crew.py"))).toEqual(["crew.py"]);
    write(".gitignore", "crew.py\n");
    git("init", "--quiet");
    expect(() => folderContext(root, "own", "crew.py")).toThrow(/git ignores the crew\.py in own/);
  });
});
