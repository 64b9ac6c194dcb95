import { chmodSync, globSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSandboxProcess, stopSandbox } from "../../stacks/local/sandbox-process.ts";
import { openProject, runStack } from "../../stacks/index.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";

// A whole run, on a machine that may have much to do.
vi.setConfig({ testTimeout: 120_000 });

const OTHERS = 0o077;
const isOpen = (path: string) => (statSync(path).mode & OTHERS) !== 0;

let folder: TestProject;
beforeEach(() => (folder = new TestProject()));
afterEach(() => folder.dispose());

describe("other users of this machine", () => {
  it("read no state, no database and nothing else in .masumi, whatever umask says", async () => {
    const project = openProject(folder.root);
    const outside = await startOutsideAgents();
    const umask = process.umask(0o000);
    try {
      await startSandboxProcess(project, { chainSpeed: "instant" });
      folder.write("agents/writer.yaml", outsideAgent("Writer", `${outside.url}/writer`));
      const up = () =>
        runStack(project, { stack: "local", operation: "up" }, { env: {}, onEvent: () => undefined });
      expect(await up()).toMatchObject({ exitCode: 0 });
      expect(await up()).toMatchObject({ exitCode: 0 });
      expect(isOpen(project.masumi)).toBe(false);
      const secret = globSync(["state/.pulumi/stacks/**/*.json*", "sandbox/*", "passphrase"], {
        cwd: project.masumi,
      });
      expect(secret).toEqual(expect.arrayContaining(["passphrase", "sandbox/sandbox.sqlite"]));
      expect(secret.filter((file) => isOpen(join(project.masumi, file)))).toEqual([]);
    } finally {
      process.umask(umask);
      await stopSandbox(project);
      await outside.close();
    }
  });

  it("lose the sight of a folder that was open to them", () => {
    const masumi = join(folder.root, ".masumi");
    mkdirSync(masumi, { recursive: true });
    chmodSync(masumi, 0o755);
    openProject(folder.root);
    expect(isOpen(masumi)).toBe(false);
  });
});
