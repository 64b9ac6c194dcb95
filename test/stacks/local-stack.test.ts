import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { marker } from "../../providers/masumi/service/index.ts";
import { removeConfig, setConfig } from "../../local/engine/index.ts";
import { localRun, openLocalStack, prepareLocalStack } from "../../stacks/local/local-stack.ts";
import { type Project, openProject, readConfig } from "../../stacks/project.ts";
import { findSandbox, startSandboxProcess, stopSandbox } from "../../stacks/local/sandbox-process.ts";
import { TestProject } from "../helpers/project.ts";

let folders: TestProject[];
beforeEach(() => (folders = []));
afterEach(async () => {
  for (const folder of folders) {
    await stopSandbox(openProject(folder.root));
    await folder.dispose();
  }
});

function clone(): { readonly folder: TestProject; readonly project: Project } {
  const folder = new TestProject();
  folders.push(folder);
  return { folder, project: openProject(folder.root) };
}
const start = (project: Project) => startSandboxProcess(project, { chainSpeed: "instant" });
const ownerOf = (project: Project) => readConfig(project, "local")["masumi:owner"];

describe("a project's sandbox", () => {
  it("is not another clone's that has got its port since", async () => {
    const [one, two] = [clone(), clone()];
    const running = await start(one.project);
    two.folder.write(".masumi/sandbox/sandbox.json", one.folder.read(".masumi/sandbox/sandbox.json"));
    expect(await findSandbox(two.project)).toBeUndefined();
    expect(await stopSandbox(two.project)).toBe(false);
    await expect(openLocalStack(two.project, "local")).rejects.toThrow(
      /sandbox of this project is not running/,
    );
    expect(await findSandbox(one.project)).toEqual(expect.objectContaining({ url: running.url }));
    await expect(start(two.project)).rejects.toThrow(
      new RegExp(`used by the sandbox of ${one.folder.root} \\(process ${running.pid}\\)`),
    );
  }, 60_000);

  it.each([
    [
      "an unreadable world",
      { world: "nofile.json" },
      /: The sandbox's world .*nofile\.json cannot be used:\n.*ENOENT/,
    ],
    [
      "a world that is none",
      { world: "Pulumi.yaml" },
      /: The sandbox's world .*Pulumi\.yaml cannot be used:/,
    ],
    ["a speed that is none", { chainSpeed: "foo" }, /: --chain-speed foo: expected a number from 0/],
    ["an unknown fault", { fault: ["bogus"] }, /: .*bogus/],
  ])("says what is wrong with %s", async (_name, options, said) => {
    const { folder, project } = clone();
    const { world, ...more } = { world: undefined, ...options };
    const given = { chainSpeed: "instant", ...more, ...(world ? { world: folder.path(world) } : {}) };
    const refused = startSandboxProcess(project, given);
    await expect(refused).rejects.toThrow(said);
    await expect(refused).rejects.not.toThrow(/sandbox\.log/);
  });

  it("names the options that a running one does not take, and tells of it as JSON", async () => {
    const { folder, project } = clone();
    const { url, pid } = await start(project);
    const again = await folder.run(
      "sandbox",
      "--chain-speed",
      "20",
      "--fault",
      "bogus",
      "--port",
      new URL(url).port,
    );
    expect([again.exitCode, again.stderr]).toEqual([
      0,
      "It was running before, so --chain-speed 20 (it has instant), --fault bogus had no effect. " +
        "To start it with that: npx masumi-agents sandbox stop, then this again.\n",
    ]);
    expect(await folder.run("sandbox", "--chain-speed", "instant")).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    const status = await folder.run("sandbox", "status", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject({
      running: true,
      url,
      pid,
      chainSpeed: "instant",
      portal: null,
    });
    await stopSandbox(project);
    const stopped = await folder.run("sandbox", "status", "--json");
    expect([stopped.exitCode, JSON.parse(stopped.stdout)]).toEqual([1, { running: false, portal: null }]);
  });

  it("is found through a link to the project's folder, too", async () => {
    const { folder, project } = clone();
    await start(project);
    const link = `${folder.root}-link`;
    symlinkSync(folder.root, link);
    try {
      expect(await findSandbox(openProject(link))).toBeDefined();
    } finally {
      rmSync(link);
    }
  }, 60_000);

  it("is one, however many commands start it at once", async () => {
    const { project } = clone();
    const running = await Promise.all([start(project), start(project), start(project)]);
    expect(new Set(running.map(({ pid }) => pid)).size).toBe(1);
  }, 60_000);

  it("has a port of its own where two clones start theirs for the first time at once", async () => {
    const [one, two] = [clone(), clone()];
    const [first, second] = await Promise.all([start(one.project), start(two.project)]);
    expect(first.url).not.toBe(second.url);
    expect(await findSandbox(one.project)).toMatchObject({ pid: first.pid });
    expect(await findSandbox(two.project)).toMatchObject({ pid: second.pid });
  }, 60_000);
});

describe("the owner of local registrations", () => {
  const URL = "http://127.0.0.1:9";

  it("is another in every clone, and stays when the settings are lost", async () => {
    const [one, two] = [clone(), clone()];
    await Promise.all([
      prepareLocalStack(one.project, { sandboxUrl: URL }),
      prepareLocalStack(one.project, { sandboxUrl: URL }),
    ]);
    await prepareLocalStack(two.project, { sandboxUrl: URL });
    const owner = ownerOf(one.project);
    expect(owner).toMatch(/^local-[0-9a-f]{8}$/);
    expect(ownerOf(two.project)).not.toBe(owner);
    one.folder.remove("Pulumi.local.yaml");
    await prepareLocalStack(one.project, { sandboxUrl: URL });
    expect(ownerOf(one.project)).toBe(owner);
  });

  it("is the one that is set, or that the state's registrations were made for", async () => {
    const [set, lost] = [clone(), clone()];
    set.folder.write("Pulumi.local.yaml", "config:\n  masumi:owner: local\n");
    await prepareLocalStack(set.project, { sandboxUrl: URL });
    expect(ownerOf(set.project)).toBe("local");
    const resources = [{ inputs: { agentId: "a", marker: marker("local", "a") } }];
    const file = ".masumi/state/.pulumi/stacks/masumi-agents/local.json";
    lost.folder.write(file, JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }));
    await prepareLocalStack(lost.project, { sandboxUrl: URL });
    expect(ownerOf(lost.project)).toBe("local");
  });
});

describe("the sandbox's URLs in the settings", () => {
  const modelOf = (project: Project) => readConfig(project, "local")["masumi:modelApi"];

  it("follow it to another port, come back once removed, and never replace what somebody set", async () => {
    const { project } = clone();
    for (const sandboxUrl of ["http://127.0.0.1:9", "http://127.0.0.1:10"]) {
      await prepareLocalStack(project, { sandboxUrl });
      expect(modelOf(project)).toBe(`${sandboxUrl}/model/v1`);
    }
    const sandboxUrl = "http://127.0.0.1:10";
    await setConfig(localRun(project, "local"), "masumi:modelApi", "https://api.example.com/v1");
    await prepareLocalStack(project, { sandboxUrl });
    expect(modelOf(project)).toBe("https://api.example.com/v1");
    await removeConfig(localRun(project, "local"), "masumi:modelApi");
    await prepareLocalStack(project, { sandboxUrl });
    expect(modelOf(project)).toBe(`${sandboxUrl}/model/v1`);
  });
});

describe("the passphrase of the local stack", () => {
  it("is not made anew in silence when it was deleted, and the way out keeps the owner", async () => {
    const { project } = clone();
    await prepareLocalStack(project, { sandboxUrl: "http://127.0.0.1:9" });
    const owner = ownerOf(project);
    rmSync(project.passphraseFile);
    rmSync(`${dirname(project.passphraseFile)}/owner`);
    const refused = () => localRun(project, "local");
    expect(refused).toThrow(expect.objectContaining({ code: "PASSPHRASE_MISSING" }) as Error);
    const message = (await Promise.resolve().then(refused).catch(String)) as string;
    expect(existsSync(project.passphraseFile)).toBe(false);
    const [, files = ""] = /rm (.*) and run/.exec(message) ?? [];
    expect(files.split(" ")).toHaveLength(2);
    for (const file of files.split(" ")) rmSync(file);
    await prepareLocalStack(project, { sandboxUrl: "http://127.0.0.1:9" });
    expect(ownerOf(project)).toBe(owner);
  });

  it("is made for settings that have no secrets yet", () => {
    const { project } = clone();
    mkdirSync(dirname(project.passphraseFile), { recursive: true });
    writeFileSync(`${project.root}/Pulumi.local.yaml`, "config:\n  masumi:waitMinutes: '5'\n");
    expect(localRun(project, "local").passphrase).toBe(readFileSync(project.passphraseFile, "utf8").trim());
  });
});
