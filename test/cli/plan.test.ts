import { describe, expect, it } from "vitest";
import { type PlanFlags, plan } from "../../cli/commands/plan.ts";
import type { PlanDocument } from "../../stacks/documents.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { TestProject } from "../helpers/project.ts";
import { agentYaml, declare, register } from "../infra/fleet/stack.ts";
import { V2 } from "../providers/masumi/inputs.ts";
import { asShown } from "../helpers/verbatim.ts";
import { CliStack } from "./stack.ts";

const planOf = (stack: CliStack, flags: Partial<PlanFlags> = {}, env = {}) =>
  stack.run((project) => plan(project, { stack: "preprod", ...flags }), env);

const TUSDM = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";

/** One agent of each action, as it was declared and as it is. */
async function changedFleet(): Promise<CliStack> {
  const stack = await CliStack.start();
  const before = declare({ same: {}, changed: {}, replaced: { payment: "V1" }, gone: {} });
  for (const agent of before) await register(stack.service.url, agent);
  stack.declare({
    same: {},
    changed: { description: "Answers better." },
    replaced: { payment: "V1", pricing: { fixed: ["5 USDM", "2.5 ADA"] } },
    fresh: { pricing: "free" },
  });
  return stack;
}

describe("masumi-agents plan", () => {
  it("is a table for people: what changes, prices in words and base units, what it costs, what it leaves", async () => {
    await using stack = await changedFleet();
    const { exitCode, stdout, stderr } = await planOf(stack);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^same +none +3 ADA +0$/m);
    expect(stdout).toMatch(/^changed +update +description +3 ADA +0\.428725$/m);
    expect(stdout).toMatch(/^replaced +replace +pricing +5 tUSDM \(test USDM\) \+ 2\.5 ADA +0\.751674$/m);
    expect(stdout).toMatch(/^fresh +create +free +0\.422653$/m);
    expect(stdout).toMatch(/^changed +description +Answers from elsewhere\. +Answers better\.$/m);
    expect(stdout).toMatch(/^replaced +pricing +3 ADA +5 tUSDM \+ 2\.5 ADA$/m);
    expect(stdout).toMatch(/^Agent gone +cm\S+ +RegistrationConfirmed +deregister$/m);
    expect(stdout).toMatch(
      /^On the chain: 1 to register, 1 to update, 1 to replace, 1 to deregister\. At most about 1\.96 ADA in fees\.$/m,
    );
    expect(stdout).toMatch(/^Warning: replaced is REPLACED on the chain: .*changed: pricing/m);
    expect(stdout).toMatch(/^Checksum [0-9a-f]{64}: with this in MASUMI_PLAN, up /m);
  });

  it("has the wallets, what is locked and the amounts in base units with --wide", async () => {
    await using stack = await changedFleet();
    const { stdout } = await planOf(stack, { wide: true });
    expect(stdout).toMatch(/^same +none +3 ADA = 3000000 +0 +0 +V2 fa12fbf5…7e32 +none$/m);
    expect(stdout).toMatch(
      /^replaced +replace +pricing +5 tUSDM \(test USDM\) = 5000000 \+ 2\.5 ADA = 2500000 .* V1 /m,
    );
    expect(stdout).toMatch(/^fresh +create +free +0\.422653 +5 +V2 /m);
  });

  it("names what runs of each agent, in full with --wide and in JSON", async () => {
    await using stack = await CliStack.start({
      hostings: ["process", "docker"],
      runtimeKey: { secure: "v1:a:b" },
    });
    stack.project.write("crews/tides/Dockerfile", "FROM python:3.12\n");
    stack.project.write("facts/clouds.md", "Clouds are white.\n");
    const crew = {
      agents: { one: { role: "r", goal: "g", backstory: "b" } },
      tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
    };
    const hosted = { url: undefined, pricing: "free" };
    stack.declare({
      built: { ...hosted, build: "crews/tides", hosting: "docker" },
      declared: { ...hosted, crew, documents: ["facts/clouds.md"] },
      elsewhere: {},
    });
    const { stdout } = await planOf(stack);
    expect(stdout).toMatch(/^What runs\nagent +hosting +what +size +documents +packages +digest\n/m);
    expect(stdout).toMatch(
      /^built +docker +Dockerfile crews\/tides +1 × 512 CPU units, 1024 MiB +[0-9a-f]{16}$/m,
    );
    expect(stdout).toMatch(/^declared +process +crew \(gpt-4\.1-mini\) +1 +[0-9a-f]{16}$/m);
    expect(stdout).toMatch(
      /^elsewhere +elsewhere +https:\/\/agents\.example\.com\/elsewhere +[0-9a-f]{16}$/m,
    );
    expect(stdout).toMatch(
      /^Warning: The Dockerfile of agents\/built\.yaml builds on python:3\.12 without a digest/m,
    );
    const wide = await planOf(stack, { wide: true });
    expect(wide.stdout).toMatch(
      /^declared +process +crew \(gpt-4\.1-mini\) +facts\/clouds\.md [0-9a-f]{16} +[0-9a-f]{64}$/m,
    );
    const markdown = await planOf(stack, { markdown: true });
    expect(markdown.stdout).toMatch(/^#### What runs\n\n\| agent \| hosting \| what /m);
    const { agents } = JSON.parse((await planOf(stack, { json: true })).stdout) as PlanDocument;
    expect(agents.map(({ runs }) => runs)).toEqual([
      {
        hosting: "docker",
        kind: "build",
        source: "crews/tides",
        model: null,
        cpu: 512,
        memory: 1024,
        instances: 1,
        maxInstances: null,
        documents: [],
        packages: [],
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      expect.objectContaining({
        hosting: "process",
        kind: "inline",
        source: null,
        model: "gpt-4.1-mini",
        cpu: null,
        documents: [{ name: "facts/clouds.md", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      }),
      expect.objectContaining({ hosting: "elsewhere", kind: "url" }),
    ]);
  });

  it("says what runs differently than in another checkout, for a change request", async () => {
    await using stack = await CliStack.start({ hostings: ["process", "docker"] });
    await using before = await CliStack.start({ hostings: ["process", "docker"], modelName: "small" });
    const crew = (goal: string) => ({
      url: undefined,
      pricing: "free",
      crew: {
        agents: { one: { role: "r", goal, backstory: "b" } },
        tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
      },
    });
    const image = (digit: string) => ({
      url: undefined,
      pricing: "free",
      image: `example/a@sha256:${digit.repeat(64)}`,
    });
    const docker = { hosting: "docker" };
    before.declare({ asked: crew("g"), imaged: { ...image("a"), ...docker }, same: {}, gone: {} });
    stack.declare({
      asked: { ...crew("h"), ...docker, resources: { memory: 2048 } },
      imaged: { ...image("b"), ...docker },
      same: {},
      fresh: {},
    });
    const since = before.project.root;
    const shown = asShown((await planOf(stack, { markdown: true, since })).stdout);
    const [, section = ""] = /#### What runs differently\n\n([^#]*)/.exec(shown) ?? [];
    expect(section.replaceAll(/[0-9a-f]{16,}(?= \|)/g, "…")).toMatchInlineSnapshot(`
      "| agent | what | before | now |
      | --- | --- | --- | --- |
      | asked | hosting | process | docker |
      | asked | model | small | gpt-4.1-mini |
      | asked | size |  | 1 × 512 CPU units, 2048 MiB |
      | asked | digest | … | … |
      | fresh | the agent |  | https://agents.example.com/fresh |
      | imaged | source | image example/a@sha256:… | image example/a@sha256:… |
      | imaged | digest | … | … |
      | gone | the agent | https://agents.example.com/gone | removed |

      "
    `);
    const { runsBefore } = JSON.parse((await planOf(stack, { json: true, since })).stdout) as PlanDocument;
    expect(Object.keys(runsBefore ?? {}).toSorted()).toEqual(["asked", "gone", "imaged", "same"]);
    const self = await planOf(stack, { since: stack.project.root });
    expect(self.stdout).toMatch(/^Nothing runs differently than before\.$/m);
    before.declare({ asked: { tags: [] } });
    expect((await planOf(stack, { since })).stdout).toMatch(
      /^Warning: Cannot tell what ran before: .*wrong\.$/m,
    );
  });

  it("is Markdown for a change request", async () => {
    await using stack = await changedFleet();
    const { exitCode, stdout: markdown } = await planOf(stack, { markdown: true });
    expect(exitCode).toBe(0);
    const stdout = asShown(markdown);
    expect(stdout).toMatch(/^### Masumi plan for stack `preprod` \(Preprod\)$/m);
    expect(stdout).toMatch(/^\| agent \| action \| changes \| price \|.*\n\| --- \| --- \|/m);
    expect(stdout).toMatch(/^\| changed \| update \| description \|/m);
    expect(stdout).toMatch(/^\| replaced \| pricing \| 3 ADA \| 5 tUSDM \+ 2\.5 ADA \|$/m);
    expect(stdout).toMatch(/^- \*\*Warning:\*\* replaced is REPLACED/m);
  });

  it("is JSON for programs, and the same for the same declarations and chain", async () => {
    await using stack = await changedFleet();
    const first = await planOf(stack, { json: true });
    const document = JSON.parse(first.stdout) as PlanDocument;
    expect(document).toMatchObject({
      version: 1,
      stack: "preprod",
      network: "Preprod",
      owner: "example-gmbh",
      feeLovelace: "1956669",
      lockedLovelace: "0",
      problems: [],
    });
    expect(document.agents.find(({ id }) => id === "replaced")).toMatchObject({
      file: "agents/replaced.yaml",
      action: "replace",
      fields: ["pricing"],
      changes: [
        {
          field: "pricing",
          live: { type: "fixed", prices: [{ amount: "3000000", unit: "" }] },
          from: "3 ADA",
          to: "5 tUSDM + 2.5 ADA",
        },
      ],
      pricing: {
        type: "fixed",
        prices: [
          { amount: "5000000", unit: TUSDM },
          { amount: "2500000", unit: "" },
        ],
      },
      url: "https://agents.example.com/replaced",
      state: "RegistrationConfirmed",
    });
    expect(document.orphans).toMatchObject([{ name: "Agent gone", action: "deregister" }]);
    expect(document.wallets).toMatchObject([
      { vkey: V2.vkey, type: "V2", missingLovelace: "0" },
      { type: "V1", missingLovelace: "0" },
    ]);
    const again = JSON.parse((await planOf(stack, { json: true })).stdout) as PlanDocument;
    expect(again.checksum).toBe(document.checksum);
  });

  it("says that a registration without our mark is taken over, and that nothing is sent", async () => {
    await using stack = await CliStack.start();
    const rows = [];
    for (const agent of declare({ v1: { payment: "V1" }, v2: {} })) {
      rows.push(await register(stack.service.url, agent, "somebody else"));
    }
    stack.declare({ v1: { payment: "V1", adopt: rows[0]?.id }, v2: { adopt: rows[1]?.id } });
    const { stdout } = await planOf(stack);
    for (const [index, id] of ["v1", "v2"].entries()) {
      const line = `^${id} +adopt +takes over registration ${rows[index]?.id}; nothing is sent .* 0$`;
      expect(stdout).toMatch(new RegExp(line, "m"));
    }
  });

  it("without an address the balance is unknown; it is never guessed", async () => {
    await using stack = await CliStack.start({ wallets: [{ vkey: V2.vkey, type: "V2" }] });
    stack.declare({ a: {} });
    const { stdout } = await planOf(stack);
    expect(stdout).toMatch(/^V2 fa12fbf5…7e32 +5\.422653 +unknown +0 +unknown$/m);
  });

  it.each<[what: string, flags: Partial<PlanFlags>, said: RegExp]>([
    ["a table", {}, /^Problem: WALLET_UNKNOWN: The payment service has no wallet (ab)+ for the V2/m],
    ["Markdown", { markdown: true }, /^- \*\*Problem:\*\* WALLET_UNKNOWN/m],
    ["JSON", { json: true }, /"code": "WALLET_UNKNOWN"/],
  ])("ends with 1 when something stands in the way, as %s", async (_what, flags, said) => {
    await using stack = await CliStack.start({ wallets: [{ vkey: "ab".repeat(28), type: "V2" }] });
    stack.declare({ a: {} });
    const { exitCode, stdout } = await planOf(stack, flags);
    expect(exitCode).toBe(1);
    expect(asShown(stdout)).toMatch(said);
    expect(stdout, "a plan that cannot be carried out is not offered for approval").not.toContain(
      "MASUMI_PLAN",
    );
  });

  it("ends with 1 at bad YAML, with every complaint located", async () => {
    await using stack = await CliStack.start();
    stack.project.write("agents/a.yaml", "nam: A");
    const { exitCode, stderr } = await planOf(stack);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^agents\/a\.yaml:1:1: unknown key "nam"/m);
  });
});

describe("the key of a stack that only Pulumi can read", () => {
  it("is asked for in MASUMI_API_KEY", async () => {
    await using stack = await CliStack.start();
    stack.declare({ a: {} });
    await expect(planOf(stack, {}, { MASUMI_API_KEY: undefined })).rejects.toThrow(
      /Pulumi\.preprod\.yaml keeps masumi:apiKey as a secret.*MASUMI_API_KEY/,
    );
  });

  it("may be a Read key, and is asked for no chain request", async () => {
    await using stack = await CliStack.start();
    stack.declare({ a: {} });
    expect((await planOf(stack)).exitCode).toBe(0);
    const posts = Object.keys(await stack.service.requests()).filter((route) => !route.startsWith("GET "));
    expect(posts).toEqual([]);
  });

  it("is refused in plain text, without being shown", async () => {
    await using stack = await CliStack.start({ apiKey: "a-key-in-plain-text" });
    stack.declare({ a: {} });
    const refused = planOf(stack).then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(await refused).toMatch(/CONFIG_INVALID: .*masumi:apiKey is in plain text/s);
    expect(await refused).not.toContain("a-key-in-plain-text");
  });
});

describe("the local stack", () => {
  it("needs no key: masumi-agents plan ends with the plan's own exit code", async () => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    const project = new TestProject();
    try {
      project.useSandbox(sandbox.url);
      project.write("agents/a.yaml", JSON.stringify({ name: "A" }));
      expect((await project.run("plan", "--json")).exitCode).toBe(1);
      project.remove("agents/a.yaml");
      const { exitCode, stdout } = await project.run("plan", "--json");
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        version: 1,
        stack: "local",
        owner: expect.stringMatching(/^local-/) as string,
        agents: [],
      });
    } finally {
      await project.dispose();
      await sandbox.close();
    }
  });

  it("up of an agent that there is not names those that there are", async () => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    const project = new TestProject();
    try {
      project.useSandbox(sandbox.url);
      project.write("agents/writer.yaml", agentYaml("writer", {}));
      const { exitCode, stderr } = await project.run("up", "--target", "nosuch");
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringContaining("Stack local has no agent nosuch. Its agents: writer.\n"),
      ]);
    } finally {
      await project.dispose();
      await sandbox.close();
    }
  });

  it("with containers, but neither plugin nor engine: plan and doctor say so, and up makes nothing", async () => {
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    const project = new TestProject();
    try {
      project.useSandbox(sandbox.url);
      Object.assign(project.env, {
        PULUMI_HOME: project.path("pulumi"),
        PULUMI_IGNORE_AMBIENT_PLUGINS: "1",
        DOCKER_HOST: `unix://${project.path("no.sock")}`,
      });
      const task = { name: "t", agent: "one", description: "d", expected_output: "e" };
      const crew = { agents: { one: { role: "r", goal: "g", backstory: "b" } }, tasks: [task] };
      project.write("agents/a.yaml", agentYaml("a", { url: undefined, crew, hosting: "docker" }));
      await project.run("config", "set", "masumi:hostings", "[docker]");
      const missing = /PLUGIN_NOT_FOUND: The plugin of package "docker"/;

      const planned = await project.run("plan", "--json");
      const { problems } = JSON.parse(planned.stdout) as { problems: { code: string; message: string }[] };
      expect([planned.exitCode, problems]).toEqual([
        1,
        [
          { code: "HOSTING_REFUSED", message: expect.stringMatching(missing) as string },
          { code: "HOSTING_REFUSED", message: expect.stringMatching(/DOCKER_ENGINE_FAILED/) as string },
        ],
      ]);
      expect((await project.run("doctor")).stdout).toMatch(/^fail {2}plugins +PLUGIN_NOT_FOUND/m);
      const up = await project.run("up");
      expect([up.exitCode, up.stderr]).toEqual([1, expect.stringMatching(missing)]);
      expect((await project.run("status")).stdout).toMatch(/^No agents are up/);
    } finally {
      await project.dispose();
      await sandbox.close();
    }
  });
});
