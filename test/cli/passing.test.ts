import { chmodSync, existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FETCHED_CLI } from "../../stacks/pulumi/pulumi-cli.ts";
import { fakePulumi } from "../helpers/fake-pulumi.ts";
import { TestProject } from "../helpers/project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write("Pulumi.preprod.yaml", "config: { masumi:network: Preprod }\n");
});
afterEach(() => project.dispose());

describe("on any other stack than local, Pulumi gets", () => {
  beforeEach(() => fakePulumi(project, 'printf "<%s>" "$@"; exit 7'));

  it.each([
    ["up --stack preprod --yes --target urn:x --json", "up --stack preprod --json --target urn:x --yes"],
    ["up -s preprod -t urn:a -t **::b", "up --stack preprod --target urn:a --target **::b"],
    [
      "up -s preprod -t writer",
      "up --stack preprod --target urn:pulumi:preprod::masumi-agents::masumi:index:Agent::writer --target-dependents",
    ],
    [
      "preview -s preprod -t writer",
      "preview --stack preprod --target urn:pulumi:preprod::masumi-agents::masumi:index:Agent::writer --target-dependents",
    ],
    [
      "refresh -s preprod -t writer",
      "refresh --stack preprod --target urn:pulumi:preprod::masumi-agents::masumi:index:Agent::writer --target-dependents",
    ],
    ["up -s preprod --exclude urn:x --message two", "up --stack preprod --exclude urn:x --message two"],
    ["up -ys preprod -c aws:region=eu", "up --stack preprod --yes -c aws:region=eu"],
    ["preview --stack preprod --diff --policy-pack p", "preview --stack preprod --diff --policy-pack p"],
    [
      "refresh --stack preprod --clear-pending-creates -f",
      "refresh --stack preprod --clear-pending-creates --skip-preview",
    ],
    ["destroy --stack preprod --preview-only", "destroy --stack preprod --preview-only"],
    ["cancel --stack preprod --yes", "cancel --stack preprod --yes"],
    ["cancel preprod", "cancel preprod"],
    ["stack --stack preprod --show-urns", "stack --stack preprod --show-urns"],
    ["stack history --stack preprod --page 2", "stack --stack preprod history --page 2"],
    ["stack init preprod --secrets-provider awskms://x", "stack init preprod --secrets-provider awskms://x"],
    ["stack output url -s preprod --shell", "stack output --stack preprod url --shell"],
    ["stack export -s preprod --version 3", "stack export --stack preprod --version 3"],
    ["config -s preprod set --secret k v", "config set --stack preprod --secret k v"],
    ["config set -s preprod --plaintext k v", "config set --stack preprod --plaintext k v"],
    ["config set -s preprod k -- -1", "config set --stack preprod -- k -1"],
    ["config get k --path -s preprod", "config get --stack preprod --path k"],
    ["config cp --dest other -s preprod", "config --stack preprod cp --dest other"],
    ["state delete -s preprod urn:x --force", "state delete --stack preprod --force urn:x"],
    ["state repair -s preprod", "state --stack preprod repair"],
  ])("of %s the words, and its exit code is ours", async (typed, got) => {
    const words = got.split(" ").map((word) => `<${word}>`);
    expect(await project.run(...typed.split(" "))).toEqual({
      exitCode: 7,
      stdout: words.join(""),
      stderr: "",
    });
  });

  it("nothing while the declarations of an up are wrong", async () => {
    project.write("agents/writer.yaml", "name: [");
    expect(await project.run("up", "--stack", "preprod", "--yes")).toMatchObject({ exitCode: 1, stdout: "" });
  });
});

describe("the selected stack", () => {
  it("is the one that commands mean where they name none, and they say so", async () => {
    fakePulumi(project, 'printf "<%s>" "$@"');
    const selected = await project.run("stack", "select", "preprod");
    expect(selected.stdout).toContain("<stack><select><preprod>");
    const { stdout, stderr } = await project.run("refresh", "--yes");
    expect(stdout).toBe("<refresh><--yes><--stack><preprod>");
    expect(stderr).toMatch(/^Stack preprod \(selected/);
    expect((await project.run("stack", "ls")).stdout).toMatch(/^local +not set[\s\S]*^preprod\* +Preprod/m);
    expect((await project.run("refresh", "--stack", "local")).stderr).toContain("npx masumi-agents sandbox");
    await project.run("stack", "select", "local");
    expect((await project.run("refresh")).stderr).toContain("npx masumi-agents sandbox");
  });

  it("stays what it was where Pulumi does not have it", async () => {
    fakePulumi(project, 'echo "error: no stack named preprod" >&2; exit 1');
    expect(await project.run("stack", "select", "preprod")).toMatchObject({ exitCode: 1 });
    expect((await project.run("stack", "ls", "--json")).stdout).toContain(
      '"name": "local",\n      "current": true',
    );
  });
});

describe("a stack without a file", () => {
  beforeEach(() => fakePulumi(project, 'printf "<%s>" "$@"; exit 7'));

  it("is refused by name, with those that there are", async () => {
    const { exitCode, stdout, stderr } = await project.run("stack", "select", "nope");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/no stack "nope": .*\. There are local, preprod\. .*stack init nope$/m);
  });

  it("is Pulumi's to make", async () => {
    const { stdout } = await project.run("stack", "select", "nope", "--create");
    expect(stdout).toBe("<stack><select><nope><--create>");
  });
});

describe("the Pulumi CLI", () => {
  it("of another version is used, and its version said", async () => {
    fakePulumi(project, "exit 0", { version: "3.100.1" });
    const { exitCode, stderr } = await project.run("refresh", "--stack", "preprod");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `Using Pulumi CLI 3.100.1 (${project.path("bin/pulumi")}); tested with 3.260.0.\n`,
    });
  });

  it("is the first program of that name on PATH, whatever folders are called so", async () => {
    fakePulumi(project, 'printf "<%s>" "$@"');
    project.write("folders/pulumi/README.md", "");
    project.env["PATH"] = `${project.path("folders")}:${project.env["PATH"]}`;
    const { exitCode, stdout } = await project.run("refresh", "--stack", "preprod");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "<refresh><--stack><preprod>" });
  });

  const npx = (script: string) => {
    fakePulumi(project, script, { name: "npx" });
    project.env["PATH"] = `${project.path("bin")}:/usr/bin:/bin`;
  };

  it("is fetched once where there is none, in a pinned version", async () => {
    const file = project.path("pulumi-home/versions", FETCHED_CLI, "bin/pulumi");
    npx(`echo "$@" >> npx.log; mkdir -p "$(dirname ${file})"; cp bin/real ${file}`);
    project.write("bin/real", `#!/bin/sh\n[ "$1" = version ] && echo v${FETCHED_CLI} || echo "ran $@"\n`);
    chmodSync(project.path("bin/real"), 0o755);
    const first = await project.run("refresh", "--stack", "preprod");
    expect(first).toMatchObject({ exitCode: 0, stdout: "ran refresh --stack preprod\n" });
    expect(first.stderr).toMatch(/^There is no Pulumi CLI on PATH: npx fetches pulumi@/);
    expect(await project.run("refresh", "--stack", "preprod")).toMatchObject({ stderr: "" });
    expect(project.read("npx.log")).toBe(`--yes pulumi@${FETCHED_CLI} version\n`);
  });

  it("that cannot be fetched is to be installed", async () => {
    npx("echo offline >&2; exit 1");
    const { exitCode, stderr } = await project.run("refresh", "--stack", "preprod");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/offline\n[\s\S]*npx could not fetch pulumi@[\s\S]*Install it/);
  });
});

describe("the local stack", () => {
  it.each(["up", "preview", "refresh", "destroy"])("takes Pulumi's habits with %s", async (operation) => {
    const words = ["--yes", "--non-interactive", ...(operation === "preview" ? [] : ["--skip-preview"])];
    const { stderr } = await project.run(operation, ...words);
    expect(stderr).toContain("npx masumi-agents sandbox");
  });

  it("refuses what only Pulumi knows, and says where that goes", async () => {
    const { exitCode, stderr } = await project.run("up", "--exclude", "x");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/unknown option '--exclude'[\s\S]*passed to Pulumi/);
    expect((await project.run("up", "--jsno")).stderr).toContain("Did you mean --json?");
    expect((await project.run("up", "writer")).stderr).toContain("too many arguments for 'up'");
  });

  it.each([
    ["whoami", /has no "whoami"/],
    ["watch --stack local", /has no "watch"\. Run npx masumi-agents up/],
    ["stack history", /no 'stack history'/],
    ["config cp", /no 'config cp'/],
    ["stack rm local --yes", /no 'stack rm'/],
    ["state repair", /no 'state repair'/],
    ["stack ouput", /unknown command 'stack ouput'\n\(Did you mean output\?\)/],
  ])("has no %s, and says what serves instead", async (words, said) => {
    const { exitCode, stdout, stderr } = await project.run(...words.split(" "));
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(said);
  });

  it("is made by stack init, by the sandbox and by the first config set", async () => {
    expect((await project.run("stack", "init", "local")).stdout).toContain("Made the stack local");
    expect(project.read("Pulumi.local.yaml")).toContain("encryptionsalt: v1:");
    expect(existsSync(project.path(".masumi/passphrase"))).toBe(true);
    expect((await project.run("stack", "init", "local")).stdout).toContain("was there already");
  });
});
