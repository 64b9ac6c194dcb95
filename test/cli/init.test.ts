import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repository } from "../helpers/project.ts";

let folder: string;
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), "init-")))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs init in the folder, as a script does. */
function init(...words: string[]) {
  const main = join(repository, "cli/main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "init", ...words], {
    cwd: folder,
    encoding: "utf8",
  });
  return { exitCode: status, stdout, stderr };
}

describe("init", () => {
  it("without a folder takes the current one if that is empty, and says how to install what no registry has", () => {
    const { exitCode, stdout, stderr } = init("--yes");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^Made init-.*Next:\n {2}npm install\n/m);
    expect(stdout).toMatch(/If npm does not find masumi-agents@\d\S+: npm install <tarball>/);
    expect(readFileSync(join(folder, "agents/hello.yaml"), "utf8")).toContain("name: Hello");

    expect(init("--yes"), "it is not empty any more").toEqual({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^NAME_UNUSABLE: [^]*init <folder>, or init \. for the current one/),
    });
  });

  it("quotes a folder as a shell needs it, and leaves out what --package has answered", () => {
    writeFileSync(join(folder, "notes.txt"), "mine");
    const { stdout } = init("Ada's agents", "--package", "file:../x.tgz", "--yes");
    expect(stdout).toContain(String.raw`  cd 'Ada'\''s agents'
`);
    expect(stdout).not.toContain("If npm does not find");
  });
});
