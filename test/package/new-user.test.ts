/** The package as somebody meets it who has nothing else of this repository: packed, installed, used, upgraded, removed. */
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPackages } from "../../packaging/build.ts";
import { crewVenv } from "../../providers/crew-process/local/index.ts";
import { findPulumiCli } from "../../stacks/pulumi/pulumi-cli.ts";
import { startOutsideAgents } from "../helpers/outside-agents.ts";
import { type RunReport, changes, crewEnvironment, repository, stopCrews } from "../helpers/project.ts";
import { API_KEY, OtherProgram, canRun } from "./other-languages.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "masumi-new-user-"));
const project = join(folder, "my-agents");
const installed = join(project, "node_modules/masumi-agents");
const cli = findPulumiCli(process.env);
const env = {
  ...process.env,
  CI: "true",
  NODE_NO_WARNINGS: "1",
  PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
};
let built: Awaited<ReturnType<typeof buildPackages>>;

/** Runs Node in the project; fails with all that was said. */
async function node(file: string, ...words: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [file, ...words], { cwd: project, env, maxBuffer: 1e8 });
  return stdout;
}
const masumiAgents = (...words: string[]) => node(join(installed, "cli/main.js"), ...words);
const report = async (...words: string[]) => JSON.parse(await masumiAgents(...words, "--json")) as RunReport;

/** Returns what a command says that fails, on stdout or stderr. */
async function refusal(...words: string[]): Promise<string> {
  const failure: unknown = await masumiAgents(...words).catch((error: unknown) => error);
  if (!(failure instanceof Error)) throw new Error(`masumi-agents ${words.join(" ")} did not fail`);
  const { stdout, stderr } = failure as Error & Record<"stdout" | "stderr", string>;
  return `${stdout}${stderr}`;
}

/** Packs what was built, as another version perhaps, and returns the tarball. */
async function pack(version: string): Promise<string> {
  const file = join(built.main, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...manifest, version }));
  await run("npm", ["pack", built.main, "--pack-destination", folder], { env });
  return join(folder, `masumi-agents-${version}.tgz`);
}

const npmInstall = (...words: string[]) =>
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...words], { cwd: project, env });

describe("the package, as a new user meets it", { timeout: 300_000 }, () => {
  beforeAll(async () => {
    built = await buildPackages({ into: join(folder, "dist") });
    const tarball = await pack("1.0.0");
    mkdirSync(project);
    const words = [".", "--package", `file:${tarball}`, "--author", "Ada", "--yes"];
    await node(join(built.create, "cli/commands/project/create.js"), ...words);
    await npmInstall();
    await crewEnvironment();
    mkdirSync(join(project, ".masumi"), { mode: 0o700 });
    // Installing CrewAI once more would take a minute, and prove nothing about the package.
    symlinkSync(crewVenv(repository), join(project, ".masumi/venv"));
  }, 600_000);

  afterAll(async () => {
    if (existsSync(installed)) await masumiAgents("sandbox", "stop");
    await stopCrews(project);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it("has neither TypeScript to run nor tests, nor anything of a cloud", () => {
    const files = globSync("**/*", { cwd: built.main });
    expect(files.filter((file) => /(?<!\.d)\.tsx?$|\.test\.|^test\//.test(file))).toEqual([]);
    for (const file of [
      ...["PulumiPlugin.yaml", "main.cjs", "package.json", "schema.json"].map(
        (name) => `library/component/${name}`,
      ),
      "crew/uv.lock",
      "crew/Dockerfile",
      "agents/agent.schema.json",
      "portal/page/dist/index.html",
      "llms.txt",
      "skills/masumi-agents/SKILL.md",
      "skills/masumi-agents/references/commands.md",
    ])
      expect(files).toContain(file);
    // Whether there is a Node of npm's depends on the one that runs this.
    expect(
      globSync("node_modules/{@pulumi/aws,@pulumi/docker,@aws-sdk,typescript,hono}", { cwd: project }),
    ).toEqual([]);
  });

  it("has types for whoever imports it", () => {
    const { exports } = JSON.parse(readFileSync(join(built.main, "package.json"), "utf8")) as {
      readonly exports: Readonly<
        Record<string, { readonly types: string; readonly default: string } | string>
      >;
    };
    const files = Object.values(exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : [entry.types, entry.default],
    );
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !existsSync(join(built.main, file)))).toEqual([]);
  });

  it("runs and registers the agent that init wrote, and does its job", async () => {
    await masumiAgents("sandbox", "--chain-speed", "instant");
    const up = await report("up");
    expect(changes(up)).toContain("create AgentRegistration hello");
    expect(up.outputs.agents?.agents["hello"]?.state).toBe("RegistrationConfirmed");
    const hired = await masumiAgents("hire", "hello", "-i", "name=Ada", "-i", "place=London");
    expect(hired).toContain("stub answer");
    expect(changes(await report("up")), "the second run plans nothing").toEqual([]);
  });

  it.for(["yaml", "python"] as const)(
    "runs a program in %s on the real Pulumi CLI",
    async (language, { skip }) => {
      skip(!canRun(language, cli, env));
      if (!cli) return;
      const agents = await startOutsideAgents();
      const { url } = JSON.parse(readFileSync(join(project, ".masumi/sandbox/sandbox.json"), "utf8")) as {
        readonly url: string;
      };
      try {
        const nodeModules = join(project, "node_modules");
        const program = new OtherProgram(language, cli, env, {
          folder,
          nodeModules,
          sandbox: url,
          agent: agents.url,
        });
        await program.makeStack();
        expect(await program.pulumi("preview")).toMatch(/\+ 4 to create/);
        expect(await program.pulumi("up", "--yes")).toMatch(/AgentConfirmation translator created/);
        expect(await program.pulumi("up", "--yes", "--expect-no-changes")).toMatch(/4 unchanged/);
        // The engine is not told of the program, so that its burns are held to the stricter rules.
        expect(program.state()).toContain("__programUntold");
        expect(program.state()).not.toContain(API_KEY);
        expect(await program.pulumi("destroy", "--yes")).toMatch(/- 4 deleted/);
      } finally {
        await agents.close();
      }
    },
  );

  it("says which packages a hosting needs beside it, and which the portal", async () => {
    writeFileSync(
      join(project, "agents/boxed.yaml"),
      readFileSync(join(project, "agents/hello.yaml"), "utf8").replace(
        "name: Hello",
        "name: Boxed\nhosting: docker",
      ),
    );
    const settings = join(project, "Pulumi.local.yaml");
    const before = readFileSync(settings, "utf8");
    writeFileSync(settings, before.replace("config:\n", "config:\n  masumi:hostings: [process, docker]\n"));
    try {
      for (const command of ["validate", "plan"])
        expect(await refusal(command)).toMatch(/hosting docker.*npm install @pulumi\/docker@\d/s);
      await expect(masumiAgents("portal")).rejects.toThrow(/PACKAGE_MISSING: .*npm install .*hono@\d/s);
    } finally {
      rmSync(join(project, "agents/boxed.yaml"));
      writeFileSync(settings, before);
    }
  });

  it("is upgraded without a change", async () => {
    await npmInstall(await pack("1.1.0"));
    expect(await masumiAgents("--version")).toBe("1.1.0\n");
    expect(changes(await report("up"))).toEqual([]);
  });

  it.skipIf(!cli)("plans nothing on the real Pulumi CLI, with the same state", async () => {
    const ofCli = {
      ...env,
      PULUMI_BACKEND_URL: `file://${join(project, ".masumi/state")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(project, ".masumi/passphrase"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const words = ["up", "--stack", "local", "--yes", "--non-interactive", "--expect-no-changes"];
    const { stdout } = await run(cli?.file ?? "", words, { cwd: project, env: ofCli });
    expect(stdout).toMatch(/^ +\d+ unchanged$/m);
  });

  it("and a clone of the repository may take turns on one state", async () => {
    const kept = join(folder, "kept");
    mkdirSync(kept);
    for (const part of ["infra", "node_modules", "package.json"])
      renameSync(join(project, part), join(kept, part));
    for (const part of ["providers", "crew", "node_modules", "package.json"])
      symlinkSync(join(repository, part), join(project, part));
    cpSync(join(repository, "infra"), join(project, "infra"), { recursive: true });
    try {
      const up = await node(join(repository, "cli/main.ts"), "up", "--json");
      expect(changes(JSON.parse(up) as RunReport)).toEqual([]);
    } finally {
      for (const part of ["infra", "providers", "crew", "node_modules", "package.json"])
        rmSync(join(project, part), { recursive: true, force: true });
      for (const part of ["infra", "node_modules", "package.json"])
        renameSync(join(kept, part), join(project, part));
    }
  });

  it("adds an agent from each template", async () => {
    await masumiAgents("new", "planner", "--from", "deadline-planner");
    await masumiAgents("new", "greeter");
    expect(await masumiAgents("validate")).toContain(
      "3 agents valid for stack local: greeter, hello, planner",
    );
    await expect(masumiAgents("new", "greeter")).rejects.toThrow("AGENT_EXISTS");
    rmSync(join(project, "agents/greeter.yaml"));
    rmSync(join(project, "agents/planner.yaml"));
  });

  it("deregisters what it registered, and leaves nothing running", async () => {
    const destroyed = await report("destroy", "--yes");
    expect(changes(destroyed)).toContain("delete AgentRegistration hello");
    expect(globSync(join(project, ".masumi/crews/*/process.json"))).toEqual([]);
  });
});
