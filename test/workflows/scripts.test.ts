import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliStack } from "../cli/stack.ts";
import { repository } from "../helpers/project.ts";
import { asShown } from "../helpers/verbatim.ts";
import { BOT, GitHub } from "./github.ts";
import { type StepResult, type WorkflowName, readOutputs, runScript, scriptOf } from "./workflow.ts";

let github: GitHub;
let folder: string;
beforeEach(async () => {
  github = await GitHub.start();
  folder = mkdtempSync(join(tmpdir(), "workflow-"));
});
afterEach(async () => {
  await github[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const run = (workflow: WorkflowName, job: string, id: string, env: Record<string, string>) =>
  runScript(scriptOf(workflow, job, id), folder, { ...github.env, ...env });

describe("the comment on a pull request", () => {
  const comment = (stack: string, markdown: string) =>
    run("preview", `comment-${stack}`, "comment", { STACK: stack, PULL_REQUEST: "7", MARKDOWN: markdown });
  const bodies = () => github.comments.map(({ body }) => body);
  const RUN = "\n\n[The run that made this plan](https://github.example.com/example/agents/actions/runs/42)";

  it("is written once and then kept up to date, one for each stack", async () => {
    const plans = ["first", "second"].flatMap((text) => [
      ["preprod", text] as const,
      ["mainnet", text] as const,
    ]);
    for (const [stack, text] of plans) expect(await comment(stack, text)).toMatchObject({ exitCode: 0 });
    expect(bodies()).toEqual([
      `<!-- masumi-agents plan preprod -->\nsecond${RUN}`,
      `<!-- masumi-agents plan mainnet -->\nsecond${RUN}`,
    ]);
  });

  it("is found behind a hundred others", async () => {
    for (let number = 0; number < 100; number++) github.add(github.comments, "Nice.", { login: "somebody" });
    github.add(github.comments, "<!-- masumi-agents plan preprod -->\nfirst");
    await comment("preprod", "second");
    expect(github.comments).toHaveLength(101);
    expect(bodies().at(-1)).toContain("second");
  });

  it("of somebody else is left alone, whatever it says", async () => {
    const foreign = github.add(github.comments, "<!-- masumi-agents plan preprod -->\nmine", {
      login: "somebody",
    });
    await comment("preprod", "plan");
    expect(foreign.body).toContain("mine");
    expect(github.comments.map(({ user }) => user.login)).toEqual(["somebody", BOT]);
  });

  it("carries every sign of the plan unchanged", async () => {
    const plan = "| a \\| b | `$(touch owned)` |\n${{ secrets.X }} \"quoted\" 'single' €\nEND\n";
    await comment("preprod", plan);
    expect(bodies()).toEqual([`<!-- masumi-agents plan preprod -->\n${plan}${RUN}`]);
  });

  it("fails loudly when GitHub refuses", async () => {
    github.broken = 403;
    const { exitCode, stderr } = await comment("preprod", "plan");
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/GET \/issues\/7\/comments.*403/);
    expect(stderr).not.toContain(github.env["GITHUB_TOKEN"]);
  });
});

describe("the issue about drift", () => {
  const report = (status: string, text = "writer: CHANGED") =>
    run("drift", "report-preprod", "report", { STACK: "preprod", STATUS: status, REPORT: text });
  const calls = () => github.writes.map(({ method, path }) => `${method} ${path}`);
  const marker = "<!-- masumi-agents drift preprod -->";

  it("is opened when there is drift, and says which run found what", async () => {
    expect(await report("2")).toMatchObject({ exitCode: 0, stderr: "" });
    const [issue] = github.issues;
    expect(issue?.title).toBe("Stack preprod: registrations differ from the declarations");
    expect(issue?.body).toMatch(/^<!-- masumi-agents drift preprod -->\nFound by https:\S+\/runs\/42:\n/);
    expect(issue?.body).toMatch(/\n\nwriter: CHANGED\n$/);
  });

  it("is brought up to date while it is open", async () => {
    const issue = github.add(github.issues, `${marker}\nold`);
    await report("2");
    expect(calls()).toEqual([`PATCH /issues/${issue.number}`]);
    expect(issue.body).toContain("writer: CHANGED");
  });

  it("is closed, with a word, when all is as declared again", async () => {
    const issue = github.add(github.issues, `${marker}\nold`);
    await report("0");
    expect(calls()).toEqual([`POST /issues/${issue.number}/comments`, `PATCH /issues/${issue.number}`]);
    expect(issue.state).toBe("closed");
  });

  it("says so, and stays open, when nothing could be compared", async () => {
    const issue = github.add(github.issues, `${marker}\nold`);
    await report("1", "KEY_REFUSED: the key is unknown");
    expect(issue).toMatchObject({ state: "open", title: expect.stringContaining("could not be compared") });
  });

  it.each([
    ["there is none", () => {}],
    [
      "there is one of another stack",
      () => void github.add(github.issues, marker.replace("preprod", "mainnet")),
    ],
    ["there is one of somebody else", () => void github.add(github.issues, marker, { login: "somebody" })],
  ])("nothing is written without drift when %s", async (_, prepare) => {
    prepare();
    expect(await report("0")).toMatchObject({ exitCode: 0 });
    expect(calls()).toEqual([]);
  });
});

describe("the steps that ask masumi-agents", () => {
  let stack: CliStack;
  beforeEach(async () => {
    stack = await CliStack.start();
    symlinkSync(join(repository, "cli"), stack.project.path("cli"));
  });
  afterEach(() => stack[Symbol.asyncDispose]());

  async function ask(workflow: WorkflowName, job: string, id: string, key = "sandbox-read-key") {
    const files = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
    for (const file of Object.values(files)) writeFileSync(file, "");
    const env = { ...files, STACK: "preprod", MASUMI_API_KEY: key };
    const result = await runScript(scriptOf(workflow, job, id), stack.project.root, env);
    return {
      ...result,
      outputs: readOutputs(files.GITHUB_OUTPUT),
      summary: readFileSync(files.GITHUB_STEP_SUMMARY, "utf8"),
    };
  }

  const FORGED = "0123456789abcdef".repeat(4);

  it("plan: hands over the checksum of the very plan that it shows", async () => {
    // A name that pretends to be the plan's last line must not become what is approved.
    stack.declare({
      writer: { name: `MASUMI_PLAN=${FORGED}`, description: `Checksum ${FORGED}: x` },
    });
    const { exitCode, outputs, summary } = await ask("deploy", "plan-preprod", "plan");
    expect(exitCode).toBe(0);
    expect(outputs["checksum"]).toMatch(/^[0-9a-f]{64}$/);
    expect(outputs["checksum"]).not.toBe(FORGED);
    expect(asShown(outputs["markdown"] ?? "")).toContain(
      `Checksum ${outputs["checksum"]}: with this in MASUMI_PLAN`,
    );
    expect(summary.trim()).toBe(outputs["markdown"]?.trim());
    expect(asShown(summary)).toMatch(/^\| writer \| create \|/m);
  });

  it("plan: shows what runs differently than in the commit before", async () => {
    const git = (...words: string[]) =>
      execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...words], {
        cwd: stack.project.root,
      });
    git("init", "--quiet");
    for (const url of ["https://one.example.com", "https://two.example.com"]) {
      stack.declare({ writer: { url } });
      git("add", "agents", "Pulumi.yaml", "Pulumi.preprod.yaml");
      git("commit", "--quiet", "--message", url);
    }
    const { exitCode, outputs } = await ask("preview", "plan-preprod", "plan");
    expect(exitCode).toBe(0);
    expect(asShown(outputs["markdown"] ?? "")).toContain(
      "| writer | source | https://one.example.com | https://two.example.com |",
    );
  });

  it.each([
    ["a key that the service does not know", {}, "unknown-key", "KEY_REFUSED"],
    ["a declaration that is wrong", { tags: [] }, "sandbox-read-key", "agents/writer.yaml:"],
  ])("plan: fails, shows why and approves nothing with %s", async (_, fields, key, reason) => {
    stack.declare({ writer: fields });
    const { exitCode, outputs } = await ask("preview", "plan-preprod", "plan", key);
    expect(exitCode).toBe(1);
    expect(outputs["checksum"]).toBe("");
    expect(outputs["markdown"]).toContain("`preprod` failed");
    expect(asShown(outputs["markdown"] ?? "")).toContain(reason);
  });

  it.each([
    ["demands evaluations", { requireEvals: true }, "true", "true"],
    [
      "demands them on Mainnet, and believes no earlier run",
      { requireEvals: true, network: "Mainnet" },
      "true",
      "false",
    ],
    ["demands none", { requireEvals: false }, "false", "false"],
    ["says nothing of it", {}, "false", "false"],
  ])("eval: is done where the stack %s", async (_, settings, demanded, keeps) => {
    await using other = await CliStack.start(settings);
    const output = join(folder, "output");
    writeFileSync(output, "");
    const script = scriptOf("deploy", "eval-preprod", "demanded");
    await runScript(script, other.project.root, { GITHUB_OUTPUT: output, STACK: "preprod" });
    expect(readOutputs(output)).toEqual({ demanded, keeps });
  });

  it("eval: fails the job, and shows why in the summary", async () => {
    stack.declare({ writer: { evals: [{ name: "Unfit", checks: { maxSeconds: 1 } }] } });
    const { exitCode, summary } = await ask("preview", "eval-preprod", "eval");
    expect(exitCode).toBe(1);
    expect(asShown(summary)).toMatch(
      /^### Evaluations of stack `preprod`\n[^]*"evals" has no effect with "url"/,
    );
  });

  it("drift: is no failure of the job, and is handed over", async () => {
    stack.declare({ writer: {} });
    const { exitCode, outputs } = await ask("drift", "drift-preprod", "drift");
    expect(exitCode).toBe(0);
    expect(outputs).toMatchObject({ status: "2", report: expect.stringContaining("MISSING") });
  });

  it("drift: fails the job when it cannot be told, and still hands over why", async () => {
    stack.declare({ writer: {} });
    const { exitCode, outputs } = await ask("drift", "drift-preprod", "drift", "unknown-key");
    expect(exitCode).toBe(1);
    expect(outputs["status"]).toBe("1");
    expect(asShown(outputs["report"] ?? "")).toContain("KEY_REFUSED");
  });
});

describe("what an author wrote", () => {
  const EVIL = [
    "~~~~",
    "# Approved by @security",
    "</pre><img src=https://evil.example/x>",
    "::add-mask::a",
    "::error::no",
  ].join("\n");
  const shownPlainly = (text: string) => {
    expect(text.replaceAll(/<\/?(code|pre)>|<br>|&#\d+;/g, "")).not.toMatch(/[<~@]|::|^# /m);
    expect(asShown(text)).toContain("Approved by @security");
  };
  let stack: CliStack;
  beforeEach(async () => {
    stack = await CliStack.start();
    symlinkSync(join(repository, "cli"), stack.project.path("cli"));
  });
  afterEach(() => stack[Symbol.asyncDispose]());
  const files = () => ({
    GITHUB_OUTPUT: join(folder, "output"),
    GITHUB_STEP_SUMMARY: join(folder, "summary"),
  });
  const env = () => ({ ...files(), STACK: "preprod", MASUMI_API_KEY: "sandbox-read-key" });

  it.each([
    ["preview", "plan-preprod", "plan"],
    ["deploy", "plan-mainnet", "plan"],
  ] as const)("leaves no fence and gives no command in the plan of %s/%s", async (workflow, job, id) => {
    stack.declare({ writer: { [EVIL]: true } });
    const result = await runScript(scriptOf(workflow, job, id), stack.project.root, env());
    expect(result).toMatchObject({ exitCode: 1, commands: [] });
    const { markdown = "" } = readOutputs(files().GITHUB_OUTPUT);
    shownPlainly(markdown.replace(/^### .*`preprod` failed/, ""));
  });

  it("gives none in a preview", async () => {
    symlinkSync(join(repository, "cli"), join(folder, "cli"));
    const script = scriptOf("deploy", "plan-preprod", "preview");
    const { commands } = await withPulumi(`cat <<'END'\n${EVIL}\nEND`, script, files());
    expect(commands).toEqual([]);
    shownPlainly(readFileSync(files().GITHUB_STEP_SUMMARY, "utf8"));
  });

  it("gives none in up", async () => {
    mkdirSync(join(folder, "agents"));
    const script = scriptOf("deploy", "up-mainnet", "up");
    const { commands } = await withPulumi(`cat <<'END'\n${EVIL}\nEND`, script, {
      MASUMI_PLAN: "0123456789abcdef",
    });
    expect(commands).toEqual([]);
  });

  it("is no Markdown in the issue about drift", async () => {
    stack.declare({ writer: { [EVIL]: true } });
    const result = await runScript(scriptOf("drift", "drift-preprod", "drift"), stack.project.root, env());
    expect(result.commands).toEqual([]);
    const { report: found = "", status = "" } = readOutputs(files().GITHUB_OUTPUT);
    shownPlainly(found);
    await run("drift", "report-preprod", "report", { STACK: "preprod", STATUS: status, REPORT: found });
    expect(github.issues.map(({ body }) => body.replace(/^<!-- masumi.*/, "").includes("<img"))).toEqual([
      false,
    ]);
  });
});

describe("the newest commit of main", () => {
  const newest = (sha: string) => run("deploy", "up-mainnet", "newest", { GITHUB_SHA: sha });
  beforeEach(() => (github.newestCommit = "b".repeat(40)));

  it("deploys", async () => expect(await newest("b".repeat(40))).toMatchObject({ exitCode: 0 }));

  it("is the only one that does", async () => {
    const { exitCode, stdout } = await newest("a".repeat(40));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^::error::a{40} is no longer the latest commit on main/);
  });

  it("must be known", async () => {
    github.broken = 500;
    expect((await newest("b".repeat(40))).exitCode).not.toBe(0);
  });
});

/** Runs a script with a program of the name of the Pulumi CLI, first on PATH. */
function withPulumi(pulumi: string, script: string, env: Record<string, string>): Promise<StepResult> {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "pulumi"), `#!/usr/bin/env bash\n${pulumi}\n`);
  chmodSync(join(bin, "pulumi"), 0o755);
  return runScript(script, folder, {
    PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    STACK: "preprod",
    ...env,
  });
}

it("what a pull request's declarations are checked with accepts those of this repository", async () => {
  const { exitCode, stdout } = await runScript(scriptOf("preview", "validate", "validate"), repository, {});
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/valid for stack preprod: .*\n.*valid for stack mainnet: /);
});

describe("the preview of everything else", () => {
  it.each([0, 255])("is in log and summary, and ends as Pulumi ends: %i", async (status) => {
    const summary = join(folder, "summary");
    const pulumi = `echo "$*: [secret]"; exit ${status}`;
    const script = scriptOf("deploy", "plan-preprod", "preview");
    symlinkSync(join(repository, "cli"), join(folder, "cli"));
    const { exitCode, stdout } = await withPulumi(pulumi, script, { GITHUB_STEP_SUMMARY: summary });
    expect(exitCode).toBe(status);
    expect(stdout).toBe("preview --stack preprod --non-interactive --color never: [secret]\n");
    expect(asShown(readFileSync(summary, "utf8")).trim()).toBe(stdout.trim());
  });
});

describe("the fleets that a push changes", () => {
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.com", ...words], {
      encoding: "utf8",
    }).trim();
  function commit(files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git("add", "--all");
    git("commit", "--quiet", "--allow-empty", "-m", "change");
    return git("rev-parse", "HEAD");
  }
  async function find(before: string) {
    const output = join(folder, "..", `output-${basename(folder)}`);
    writeFileSync(output, "");
    const env = { BEFORE: before, GITHUB_OUTPUT: output };
    const { exitCode } = await runScript(scriptOf("fleets", "find", "find"), folder, env);
    const { stacks = "", evaluated = "" } = readOutputs(output);
    rmSync(output);
    return { exitCode, stacks: JSON.parse(stacks) as unknown, evaluated: JSON.parse(evaluated) as unknown };
  }

  it.each<[what: string, changed: Readonly<Record<string, string>>, stacks: readonly string[]]>([
    ["an agent", { "agents/customers-01/new.yaml": "a" }, ["preprod-customers-01"]],
    ["a stack's settings", { "Pulumi.preprod-customers-10.yaml": "b" }, ["preprod-customers-10"]],
    ["a new fleet", { "Pulumi.preprod-customers-11.yaml": "c" }, ["preprod-customers-11"]],
    ["another folder", { "agents/customers-010/x.yaml": "d", "README.md": "e" }, []],
  ])("are found: %s", async (_what, changed, stacks) => {
    git("init", "--quiet");
    const before = commit({
      "Pulumi.preprod-customers.yaml": "",
      "Pulumi.preprod-customers-01.yaml": "",
      "Pulumi.preprod-customers-10.yaml": "",
      "Pulumi.$(touch owned)-customers-10.yaml": "",
      "agents/customers-01/.gitkeep": "",
    });
    commit(changed);
    expect(await find(before)).toMatchObject({ exitCode: 0, stacks });
  });

  it("are evaluated where their stack demands it, and nowhere else", async () => {
    git("init", "--quiet");
    const demanding = "config:\n  masumi:requireEvals: true\n";
    const before = commit({ "Pulumi.a-customers-01.yaml": demanding, "Pulumi.a-customers-02.yaml": "" });
    expect(await find("")).toMatchObject({ evaluated: ["a-customers-01"] });
    commit({ "agents/customers-02/new.yaml": "a" });
    expect(await find(before)).toEqual({ exitCode: 0, stacks: ["a-customers-02"], evaluated: [] });
  });

  it.each(["", "0".repeat(40)])("are all of them where nothing can be compared: '%s'", async (before) => {
    git("init", "--quiet");
    commit({ "Pulumi.preprod-customers-01.yaml": "", "Pulumi.preprod-customers-02.yaml": "" });
    const stacks = ["preprod-customers-01", "preprod-customers-02"];
    expect(await find(before)).toMatchObject({ exitCode: 0, stacks });
  });

  it.each([
    ["is made", "", 0, "up --stack a-customers-07 --yes --non-interactive 17\n"],
    [
      "is there already",
      "error: stack 'o/p/a-customers-07' already exists",
      255,
      "up --stack a-customers-07 --yes --non-interactive 17\n",
    ],
    ["cannot be made", "error: the backend does not answer", 255, ""],
  ])("have a stack of their own that %s", async (_what, said, status, ran) => {
    for (const fleet of ["07", "08"])
      mkdirSync(join(folder, `agents/customers-${fleet}`), { recursive: true });
    writeFileSync(join(folder, "agents/customers-07/one.yaml"), "");
    writeFileSync(join(folder, "agents/customers-08/two.yaml"), "");
    writeFileSync(join(folder, "Pulumi.yaml"), "name: p\nruntime: nodejs\n");
    writeFileSync(join(folder, "Pulumi.a-customers-07.yaml"), "encryptionsalt: v1:a\n");
    symlinkSync(join(repository, "cli"), join(folder, "cli"));
    const made = join(folder, "made");
    const pulumi = `case "$*" in version) echo v3.260.0;; "stack init"*) echo "$*" >> "${made}"; echo "${said}" >&2; exit ${status};; *) echo "$* $PULUMI_PARALLEL";; esac`;
    const { exitCode, stdout } = await withPulumi(pulumi, scriptOf("fleets", "up", "up"), {
      STACK: "a-customers-07",
    });
    expect(stdout).toBe(ran);
    expect(exitCode === 0).toBe(ran !== "");
    expect(readFileSync(made, "utf8")).toBe("stack init a-customers-07 --no-select --non-interactive\n");
  });
});

describe("up", () => {
  function up(pulumi: string, script = scriptOf("deploy", "up-preprod", "up"), plan = "0123456789abcdef") {
    mkdirSync(join(folder, "agents"));
    for (const file of ["a.yaml", "b.yml", "agent.schema.json"])
      writeFileSync(join(folder, "agents", file), "");
    return withPulumi(pulumi, script, { MASUMI_PLAN: plan });
  }

  it("is Pulumi's own, with the approved plan and a step for every agent and 16 more", async () => {
    const { exitCode, stdout } = await up('echo "$*"; echo "$PULUMI_PARALLEL $MASUMI_PLAN"');
    expect(exitCode).toBe(0);
    expect(stdout).toBe("up --stack preprod --yes --non-interactive\n18 0123456789abcdef\n");
  });

  it("ends as Pulumi ends", async () => expect((await up("exit 255")).exitCode).toBe(255));

  it("is not begun when no plan was approved", async () => {
    const { exitCode, stdout, stderr } = await up("echo started", undefined, "");
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toContain("no plan has been approved");
  });

  it("alone is interrupted, once, when its time is over, and may finish what is under way", async () => {
    const script = scriptOf("deploy", "up-preprod", "up").replace(" 160m ", " 2s ");
    expect(script).not.toContain("160m");
    const { exitCode, stdout } = await up(
      `node -e 'process.on("SIGINT", () => console.log("provider interrupted")); setInterval(() => {}, 1000)' &
      trap "interrupted=1; echo interrupted" INT
      until [[ $interrupted ]]; do sleep 0.05; done
      for step in 1 2 3 4; do sleep 0.1; done
      echo saved; kill $!`,
      script,
    );
    expect(stdout).toBe("interrupted\nsaved\n");
    expect(exitCode).toBe(124);
  });
});
