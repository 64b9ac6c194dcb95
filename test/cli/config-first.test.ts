import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { startSandbox } from "../../local/sandbox/index.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, repository } from "../helpers/project.ts";
import { startAtTerminal } from "../helpers/terminal.ts";

let project: TestProject;
beforeEach(() => (project = new TestProject()));
afterEach(() => project.dispose());

describe("config set before the first up", () => {
  it("makes the stack, and the first up keeps what was set", async () => {
    const [sandbox, outside] = [await startSandbox({ chainSpeed: "instant" }), await startOutsideAgents()];
    try {
      project.useSandbox(sandbox.url);
      project.write("agents/writer.yaml", outsideAgent("Writer", outside.url));
      expect(await project.run("config", "set", "masumi:modelApi", "https://api.example.com/v1")).toEqual({
        exitCode: 0,
        stdout: "",
        stderr: "Set masumi:modelApi in Pulumi.local.yaml.\n",
      });
      expect(await project.run("config", "set", "--secret", "masumi:modelKey", "sk-test")).toEqual({
        exitCode: 0,
        stdout: "",
        stderr: "Set masumi:modelKey in Pulumi.local.yaml, encrypted.\n",
      });
      expect(await project.run("up")).toMatchObject({ exitCode: 0 });
      expect((await project.run("config", "get", "masumi:modelApi")).stdout).toBe(
        "https://api.example.com/v1\n",
      );
      expect((await project.run("config", "get", "masumi:modelKey")).stdout).toBe("sk-test\n");
      // The stub would be given the real key.
      const { stderr } = await project.run("config", "rm", "masumi:modelApi");
      expect(stderr).toMatch(
        /^Removed masumi:modelApi from Pulumi\.local\.yaml\.\nThe stub model answers, .*config rm masumi:modelKey/,
      );
      expect((await project.run("config", "rm", "masumi:modelKey")).stderr).toBe(
        "Removed masumi:modelKey from Pulumi.local.yaml.\n",
      );
      expect((await project.run("config", "rm", "masumi:modelKey")).stderr).toBe(
        "Pulumi.local.yaml has no masumi:modelKey; nothing was changed.\n",
      );
    } finally {
      await sandbox.close();
      await outside.close();
    }
  });

  it("goes on with a file that was written by hand", async () => {
    project.write("Pulumi.local.yaml", "config:\n  masumi:modelName: mine # by hand\n");
    expect(await project.run("config", "set", "--secret", "masumi:modelKey", "sk-test")).toMatchObject({
      exitCode: 0,
    });
    expect(project.read("Pulumi.local.yaml")).toMatch(
      /mine # by hand[\s\S]*secure: v1:[\s\S]*encryptionsalt:/,
    );
  });
});

describe("config set without a value", () => {
  it.each([
    ["sk-from-stdin\n", 0, "sk-from-stdin\n"],
    ["two\nlines", 0, "two\nlines\n"],
    ["", 1, ""],
  ])("reads %j from stdin", async (input, status, value) => {
    const main = join(repository, "cli/main.ts");
    const words = [main, "--cwd", project.root, "config", "set", "--secret", "masumi:modelKey"];
    const set = spawnSync(process.execPath, words, {
      input,
      encoding: "utf8",
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    expect(set.status).toBe(status);
    expect((await project.run("config", "get", "masumi:modelKey")).stdout).toBe(value);
  });

  it("asks at a terminal, and shows nothing of a secret", async () => {
    const terminal = startAtTerminal(project, ["config", "set", "--secret", "masumi:modelKey"]);
    await expect.poll(() => terminal.screen(), { timeout: 20_000 }).toContain("masumi:modelKey (hidden): ");
    terminal.type("sk-typed\r");
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.raw()).not.toContain("sk-typed");
    expect((await project.run("config", "get", "masumi:modelKey")).stdout).toBe("sk-typed\n");
  });
});

it.each([
  ["config set --secret masumi:modelKey", "(hidden): "],
  ["init", "Folder of the new project: "],
])("^C where %s asks ends it with a sentence, and exit code 130", async (words, question) => {
  const terminal = startAtTerminal(project, words.split(" "));
  await expect.poll(() => terminal.screen(), { timeout: 20_000 }).toContain(question);
  terminal.type("\u0003");
  expect(await terminal.exitCode).toBe(130);
  expect(terminal.screen()).toMatch(/: \n+Nothing was changed\.\n$/);
});

describe("config set of what is no setting", () => {
  it.each([
    ["masumi:modelAppi", [], /masumi:modelAppi is not a setting; did you mean masumi:modelApi\?\n/],
    ["masumi:sharde.on", ["--path"], /masumi:sharde is not a setting; did you mean masumi:shared\?\n/],
    ["masumi:constructor", [], /masumi:constructor is not a setting; /],
    ["masumi:colour", [], /masumi:colour is not a setting; the settings are network, /],
  ])("%s: changes nothing, whatever the stack", async (key, options, said) => {
    for (const stack of ["local", "preprod"]) {
      const { exitCode, stderr } = await project.run("config", "set", "-s", stack, ...options, key, "x");
      expect(stderr).toMatch(said);
      expect(exitCode).toBe(1);
    }
  });

  it("another program's settings are its own", async () => {
    expect(await project.run("config", "set", "aws:region", "eu-central-1")).toMatchObject({ exitCode: 0 });
  });
});

describe("config --path", () => {
  it("leads into a value, as Pulumi's does", async () => {
    const config = (...words: string[]) => project.run("config", ...words);
    await config("set", "--path", "masumi:aws.domain", "agents.example.com");
    await config("set", "--path", "masumi:aws.subnetIds[0]", "subnet-1");
    await config("set", "--path", 'masumi:aws["job.minutes"]', "60");
    await config("set", "--path", "--secret", "masumi:aws.token", "s3cret");
    expect((await config("get", "--path", "masumi:aws.subnetIds[0]")).stdout).toBe("subnet-1\n");
    expect((await config("get", "--path", "masumi:aws.token")).stdout).toBe("s3cret\n");
    expect(JSON.parse((await config("get", "masumi:aws")).stdout)).toEqual({
      domain: "agents.example.com",
      "job.minutes": 60,
      subnetIds: ["subnet-1"],
      token: "s3cret",
    });
    await config("rm", "--path", "masumi:aws.subnetIds");
    expect((await config("get", "masumi:aws")).stdout).not.toContain("subnet");
    expect(await config("get", "--path", "masumi:aws.subnetIds[0]")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("CONFIG_NOT_FOUND"),
    });
  });

  it.each(["masumi:aws[", "masumi:aws..x", "[0]", 'masumi:aws["x'])("refuses %s", async (key) => {
    expect(await project.run("config", "set", "--path", key, "x")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("BAD_CONFIG_KEY"),
    });
  });

  it("refuses to lead into a text", async () => {
    await project.run("config", "set", "masumi:owner", "me");
    expect(await project.run("config", "set", "--path", "masumi:owner.name", "x")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("has no members"),
    });
  });
});

describe("destroy at a terminal", () => {
  it.each([
    ["n\r", 1, /Nothing was changed\./],
    ["y\r", 0, /Destroying/],
  ])("asks, and does as is answered: %j", async (answer, exitCode, said) => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    try {
      project.useSandbox(sandbox.url);
      await project.run("stack", "init", "local");
      const terminal = startAtTerminal(project, ["destroy"]);
      await expect.poll(() => terminal.screen(), { timeout: 20_000 }).toContain("Destroy? [y/N]");
      terminal.type(answer);
      expect(await terminal.exitCode).toBe(exitCode);
      expect(terminal.screen()).toMatch(said);
      const unasked = startAtTerminal(project, ["destroy", "--yes"]);
      expect(await unasked.exitCode).toBe(0);
      expect(unasked.screen()).not.toContain("[y/N]");
    } finally {
      await sandbox.close();
    }
  });
});
