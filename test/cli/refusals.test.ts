import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { doctor } from "../../cli/commands/doctor.ts";
import { drift } from "../../cli/commands/drift.ts";
import { plan } from "../../cli/commands/plan.ts";
import { validate } from "../../cli/commands/validate.ts";
import { readStackConfig } from "../../infra/config.ts";
import { loadValidAgents } from "../../infra/declarations/index.ts";
import type { OBSTACLES } from "../../infra/fleet/index.ts";
import { preflight } from "../../infra/preflight.ts";
import { repository } from "../helpers/project.ts";
import { OWNER } from "../infra/fleet/stack.ts";
import { EMPTY_V2, V2 } from "../providers/masumi/inputs.ts";
import { CliStack } from "./stack.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };

interface Case {
  readonly settings?: Record<string, unknown>;
  readonly agents?: Record<string, Record<string, unknown>>;
  /** Agents that are registered before. */
  readonly registered?: Record<string, Record<string, unknown>>;
  readonly said: RegExp;
}

const AWS = { AWS_REGION: "eu-central-1" };
const PIPELINE = { ...AWS, CI: "true" };

const crew = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};
const hosted = { url: undefined, crew, pricing: "free" };
const emptyAddress = defaultWorld.paymentSources[0]?.wallets[1]?.address;

/** One case for each reason not to start. A new reason needs one here, or the compiler complains. */
const CASES: Record<Exclude<keyof typeof OBSTACLES, "approval">, Case> = {
  hosting: {
    settings: { runtimeKey: { secure: "v1:only:pulumi" }, hostings: ["ecs-express"] },
    agents: { a: { ...hosted, hosting: "ecs-express" } },
    said: /^HOSTING_REFUSED: .*aws:region is missing/,
  },
  evals: {
    settings: { requireEvals: "true" },
    agents: { a: { ...hosted, evals: [{ name: "Writes", checks: { contains: ["text"] } }] } },
    said: /^EVALS_NOT_PASSED: a was not evaluated on this machine\. Run npx masumi-agents eval a --stack preprod\./,
  },
  urls: {
    settings: { runtimeKey: { secure: "v1:only:pulumi" }, hostings: ["docker"] },
    agents: { a: { ...hosted, hosting: "docker" } },
    said: /^AGENT_ADDRESS_PRIVATE: agents\/a\.yaml: .*http:\/\/127\.0\.0\.1:\d+/,
  },
  registrations: {
    agents: { a: { adopt: "cmwrrunknown0000" } },
    said: /^ADOPTION_TARGET_MISSING|^[A-Z_]+: .*cmwrrunknown0000/,
  },
  chains: {
    settings: { x402: { base: { network: "eip155:8453", payTo: `0x${"ab".repeat(20)}` } } },
    agents: { a: { sources: [{ x402: "base", pricing: "free" }] } },
    said: /^X402_CHAIN_NOT_ALLOWED: agents\/a\.yaml: .*payments on eip155:8453/,
  },
  wallets: {
    settings: { wallets: [{ vkey: V2.vkey, type: "V1" }] },
    agents: { a: {} },
    said: /^WALLET_UNKNOWN: .* for the V1 payment source/,
  },
  burns: {
    registered: { a: {}, b: {}, c: {}, d: {} },
    said: /^DEREGISTRATION_LIMIT: /,
  },
  spending: {
    settings: { maxAda: "10" },
    agents: { a: {}, b: {} },
    said: /^SPENDING_LIMIT: This run would take up to 10.845306 ADA .*; masumi:maxAda is 10\./,
  },
  funds: {
    settings: { wallets: [{ ...EMPTY_V2, address: emptyAddress }] },
    agents: { a: {} },
    said: /^WALLET_UNFUNDED: /,
  },
};

async function begin({ settings = {}, agents = {}, registered = {} }: Case): Promise<CliStack> {
  const stack = await CliStack.start(settings);
  await stack.register(registered, OWNER);
  stack.project.write("agents/.keep", "");
  stack.declare(agents);
  return stack;
}

/** What the program says before its first resource, as infra/index.ts asks it. */
async function programRefusal(stack: CliStack, settings: Record<string, unknown>): Promise<string> {
  const all = {
    network: "Preprod",
    paymentServiceUrl: stack.service.url,
    owner: OWNER,
    wallets: [V2],
    modelApi: "http://127.0.0.1:1/v1",
    ...settings,
  };
  const values = Object.entries(all).map(([key, value]) => [
    `masumi:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const config = readStackConfig({
    stack: "preprod",
    values: Object.fromEntries(values) as Record<string, string>,
    env: { MASUMI_API_KEY: "sandbox-pay-key" },
  });
  const projectRoot = stack.project.root;
  const agents = loadValidAgents({ ...config, projectRoot, folder: join(projectRoot, "agents") });
  const error: unknown = await preflight({ config, projectRoot, agents }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return error instanceof Error ? error.message : "";
}

describe("what the program refuses, plan and doctor report first", () => {
  it.each(Object.entries(CASES))("%s", async (_name, one) => {
    await using stack = await begin(one);
    expect(await programRefusal(stack, one.settings ?? {})).toMatch(one.said);

    const planned = await stack.run((project) => plan(project, { stack: "preprod", json: true }));
    const { problems } = JSON.parse(planned.stdout) as { problems: { message: string }[] };
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringMatching(one.said));
    expect(planned.exitCode).toBe(1);

    const looked = await stack.run((project) => doctor(project, { stack: "preprod", json: true }));
    const { checks } = JSON.parse(looked.stdout) as { checks: { status: string; message: string }[] };
    const failed = checks.filter(({ status }) => status === "fail").map(({ message }) => message);
    expect(failed).toContainEqual(expect.stringMatching(one.said));
    expect(looked.exitCode).toBe(1);
    // Followed as it is, a remedy must not set another stack.
    expect(planned.stdout + looked.stdout).not.toMatch(/config set (?!-s preprod )/);
  });

  it("the plan's approval is the plan's own checksum", async () => {
    await using stack = await begin({ agents: { a: {} }, said: /./ });
    vi.stubEnv("MASUMI_PLAN", "0123456789abcdef");
    const refusal = await programRefusal(stack, {});
    vi.unstubAllEnvs();
    const { stdout } = await stack.run((project) => plan(project, { stack: "preprod", json: true }));
    expect(refusal).toContain((JSON.parse(stdout) as { checksum: string }).checksum);
  });

  it("there is no other place where the program refuses", () => {
    const program = readFileSync(join(repository, "infra/index.ts"), "utf8");
    const [, work = ""] = /failPlainly\(async \(\) => \{([\s\S]*?)\n\}\);/.exec(program) ?? [];
    const called = [...work.matchAll(/\b([a-zA-Z]+)\(/g)].map(([, name]) => name);
    expect(new Set(called)).toEqual(
      new Set([
        // The launcher refuses every command of such a stack before.
        "requireOwnNode",
        "allConfig",
        "isPipeline",
        // What contradicts the runtime is complained of before; that an index of packages can be reached nobody knows before.
        "codeFolders",
        "lockPackages",
        "lockSentence",
        "warn",
        "readStackConfig",
        "secretKeys",
        "loadValidAgents",
        // Plan and doctor look at what is stored themselves (missingDocuments), and doctor asks the database of the records.
        "fetchStoredDocuments",
        "askRecords",
        "preflight",
        // Whether the packages of hostings and catalogues are there is looked at before (hosting-problems.ts).
        "loadHostings",
        "loadPublishers",
      ]),
    );
  });
});

describe("what files and settings say together is complained of by validate, plan and doctor", () => {
  it.each<[what: string, settings: Record<string, unknown>, agent: Record<string, unknown>, said: RegExp]>([
    [
      "a paid agent on ECS without a database",
      {
        hosting: "ecs-alb",
        aws: { domain: "agents.example.com" },
        runtimeKey: { secure: "v1:only:pulumi" },
      },
      { ...hosted, pricing: { fixed: ["5 ADA"] } },
      /agents\/a\.yaml:1:\d+: the agent is paid, .*masumi:databaseUrl/,
    ],
    [
      "a paid agent as a process without a key",
      {},
      { ...hosted, pricing: { fixed: ["5 ADA"] } },
      /agents\/a\.yaml:1:\d+: the agent is paid, .*masumi:runtimeKey/,
    ],
    ["a private URL", {}, { url: "http://localhost:8000" }, /a\.yaml:1:\d+: .*localhost.* public URL/],
    ["a URL of the API", {}, { url: "https://a.example.com/availability" }, /a\.yaml:1:\d+: .*a path of the/],
    [
      "a type of wallet that is not there",
      { wallets: [V2] },
      { payment: "V1" },
      /this stack has no V1 wallet/,
    ],
    [
      "a hosting that the stack does not allow",
      { hosting: "docker", runtimeKey: { secure: "v1:only:pulumi" } },
      { ...hosted, hosting: "process" },
      /a\.yaml:1:\d+: hosting process is not allowed in stack preprod, only docker \(.*Pulumi\.preprod\.yaml:\d+\)/,
    ],
    [
      "a crew beside a pipeline's keys",
      { hosting: "docker", hostings: ["process"], runtimeKey: { secure: "v1:only:pulumi" } },
      { ...hosted, hosting: "process" },
      /a\.yaml:1:\d+: hosting process would run the crew beside this pipeline's keys/,
    ],
    [
      "what the stack's policy for authors forbids",
      { policy: { urls: ["*.example.org"] } },
      {},
      /a\.yaml:1:\d+: the host of \S+ is not allowed by masumi:policy\.urls in Pulumi\.preprod\.yaml:\d+/,
    ],
    [
      "a reserved id",
      {},
      { id: "login" },
      /a\.yaml:1:\d+: the id login is reserved, .*masumi:policy\.allowIds/,
    ],
    ["a wallet that is not there", {}, { wallet: "ab".repeat(28) }, /is not one of masumi:wallets/],
  ])("%s", async (_what, settings, agent, said) => {
    await using stack = await CliStack.start(settings);
    stack.declare({ a: agent });
    for (const command of [validate, plan]) {
      const { exitCode, stderr } = await stack.run(
        (project) => command(project, { stack: "preprod" }),
        PIPELINE,
      );
      expect(stderr).toMatch(said);
      expect(exitCode).toBe(1);
    }
    const { exitCode, stdout } = await stack.run(
      (project) => doctor(project, { stack: "preprod" }),
      PIPELINE,
    );
    expect(stdout).toMatch(said);
    expect(exitCode).toBe(1);
  });

  it("settings that are no settings, or malformed, are refused by validate too, secrets or not", async () => {
    await using stack = await CliStack.start({ modelAppi: "https://api.example.com/v1", keepDays: "many" });
    stack.declare({ a: { listing: "x" } });
    for (const command of [validate, plan]) {
      const { exitCode, stderr } = await stack.run((project) => command(project, { stack: "preprod" }));
      expect(stderr).toMatch(/masumi:modelAppi is not a setting; did you mean masumi:modelApi\?/);
      expect(stderr).toMatch(/masumi:keepDays: expected a whole number/);
      expect(stderr).toMatch(/agents\/a\.yaml:\d+:\d+: /);
      expect(exitCode).toBe(1);
    }
  });

  it("validate alone takes a stack file without any secret for one whose secrets are still to be set", async () => {
    await using stack = await CliStack.start({ apiKey: undefined });
    stack.declare({ a: { ...hosted, pricing: { fixed: ["5 ADA"] } } });
    const validated = await stack.run((project) => validate(project, { stack: "preprod" }));
    expect(validated.exitCode).toBe(0);
    const document = await stack.run((project) => validate(project, { stack: "preprod", json: true }));
    expect(JSON.parse(document.stdout)).toMatchObject({
      ok: true,
      secretsNeeded: [{ file: "agents/a.yaml", remedy: expect.stringContaining("masumi:runtimeKey") }],
    });
    const planned = await stack.run((project) => plan(project, { stack: "preprod" }));
    expect(planned.stderr).toMatch(/the agent is paid, .*masumi:runtimeKey/);
    expect(planned.exitCode).toBe(1);
  });

  it("what a stack lacks is said once, with every agent that needs it", async () => {
    await using stack = await CliStack.start({ apiKey: undefined });
    const paid = { ...hosted, pricing: { fixed: ["5 ADA"] } };
    stack.declare({ a: paid, b: paid, c: paid });
    const { stderr } = await stack.run((project) => validate(project, { stack: "preprod" }));
    expect(stderr.match(/no key to take payments with/g)).toHaveLength(1);
    expect(stderr).toMatch(/^ {2}also agents\/b\.yaml:\d+:\d+, agents\/c\.yaml:\d+:\d+$/m);
  });

  it.each([
    ["settings that are wrong", { owner: undefined }, {}, /CONFIG_INVALID: .*masumi:owner is missing/s],
    ["a key that only Pulumi can read", {}, { MASUMI_API_KEY: undefined }, /Set MASUMI_API_KEY/],
  ])("wrong files and %s are told at once", async (_what, settings, env, said) => {
    await using stack = await CliStack.start(settings);
    stack.declare({ a: { tags: undefined } });
    for (const command of [plan, drift]) {
      const { exitCode, stderr } = await stack.run((project) => command(project, { stack: "preprod" }), env);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(said)]);
      expect(stderr).toMatch(/^agents\/a\.yaml:\d+:\d+: tags is missing/m);
      const document = await stack.run((project) => command(project, { stack: "preprod", json: true }), env);
      expect([document.exitCode, document.stderr]).toEqual([1, ""]);
      expect(JSON.parse(document.stdout)).toMatchObject({
        ok: false,
        complaints: [{ file: "agents/a.yaml" }],
        problems: [expect.stringMatching(/masumi:owner is missing|Set MASUMI_API_KEY/)],
      });
    }
  });

  it.each<[what: string, settings: Record<string, unknown>, said: RegExp]>([
    ["a network that is none", { network: "preprod" }, /masumi:network/],
    ["no network", { network: undefined }, /masumi:network/],
    ["limits for authors that cannot be read", { policy: { urls: "everywhere" } }, /masumi:policy/],
  ])(
    "wrong files are told by every command beside %s, which doctor tells once",
    async (_what, settings, said) => {
      await using stack = await CliStack.start(settings);
      stack.declare({ a: { tags: undefined } });
      const wrongFile = /agents\/a\.yaml:\d+:\d+: tags is missing/;
      for (const command of [validate, plan, drift]) {
        const { exitCode, stderr } = await stack.run((project) => command(project, { stack: "preprod" }));
        expect([exitCode, stderr]).toEqual([1, expect.stringMatching(said)]);
        expect(stderr).toMatch(wrongFile);
      }
      const { stdout } = await stack.run((project) => doctor(project, { stack: "preprod", json: true }));
      const { checks } = JSON.parse(stdout) as {
        checks: { check: string; status: string; message: string }[];
      };
      const failed = checks.filter(({ status }) => status === "fail");
      expect(failed.map(({ check }) => check)).toEqual(["agents", "settings"]);
      expect(failed[0]?.message).toMatch(wrongFile);
      expect(failed[1]?.message).toMatch(said);
    },
  );

  it("agents that their hosting refuses are reported by validate too, without key or network", async () => {
    await using stack = await CliStack.start({
      paymentServiceUrl: "https://payment.example.com/api/v1",
      hostings: ["ecs-express"],
    });
    stack.declare({ a: { ...hosted, hosting: "ecs-express" } });
    const run = (json: boolean) =>
      stack.run((project) => validate(project, { stack: "preprod", json }), { MASUMI_API_KEY: undefined });
    const { exitCode, stderr } = await run(false);
    expect(stderr).toMatch(/^Problem: aws:region is missing.*\(hosting ecs-express of agents\/a\.yaml\)$/m);
    expect(exitCode).toBe(1);
    expect(JSON.parse((await run(true)).stdout)).toMatchObject({ ok: false, complaints: [] });
  });
});
