import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { prepareLocalStack } from "../../stacks/local/local-stack.ts";
import { type ImportFlags, importAgents } from "../../cli/commands/import.ts";
import { plan } from "../../cli/commands/plan.ts";
import type { ImportDocument } from "../../stacks/documents.ts";
import type { PlanDocument } from "../../stacks/documents.ts";
import { openProject, readConfig } from "../../stacks/project.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import type { Row } from "../../providers/masumi/service/index.ts";
import { startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { OWNER, declare, register } from "../infra/fleet/stack.ts";
import { EMPTY_V2, V1, V2 } from "../providers/masumi/inputs.ts";
import { CliStack } from "./stack.ts";

const importOf = (stack: CliStack, asked: string[], flags: Partial<ImportFlags> = {}, env = {}) =>
  stack.run((project) => importAgents(project, asked, { stack: "preprod", ...flags }), env);

async function planOf(stack: CliStack): Promise<PlanDocument> {
  const { stdout } = await stack.run((project) => plan(project, { stack: "preprod", json: true }));
  return JSON.parse(stdout) as PlanDocument;
}

/** Everything that a registration can say, registered by somebody else. */
const FULL = {
  name: "Café: the #1 agent, “best” of 100%",
  description: "Answers: yes & no.\nSecond line, with a # in it.",
  capability: { name: "answering", version: "1.0" },
  tags: ["answers", "true", "1", "- dash"],
  author: {
    name: "@Example",
    contactEmail: "agents@example.com",
    contactOther: "*phone*",
    organization: "null",
  },
  legal: { privacyPolicy: "https://example.com/privacy", terms: "{terms}", other: "no" },
  pricing: { fixed: ["5 USDM", "0.000001 ADA"] },
  exampleOutputs: [{ name: "Brief", url: "http://example.com/brief.pdf", mimeType: "application/pdf" }],
};

describe("masumi-agents import", () => {
  it("writes what is registered, so that up takes it over and sends nothing", async () => {
    await using stack = await CliStack.start();
    const rows = await stack.register({
      v1: { ...FULL, payment: "V1", url: "https://agents.example.com/one" },
      v2: { ...FULL, name: "Second", url: "https://agents.example.com/two" },
    });
    const { exitCode, stdout, stderr } = await importOf(stack, [], { all: true });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^agents\/second\.yaml: "Second" \(registration cm\w+, RegistrationConfirmed\); up takes it over, nothing is sent$/m,
    );
    expect(stdout).toMatch(
      /^Wrote 2 files\. Next:\n {2}npx masumi-agents plan --stack preprod .*\n {2}npx masumi-agents up --stack preprod/m,
    );
    const written = stack.project.read("agents/second.yaml");
    expect(written.split("\n")).toEqual(
      expect.arrayContaining([
        "# yaml-language-server: $schema=./agent.schema.json",
        expect.stringMatching(
          `^# Imported from the Masumi network \\(Preprod\\): registration ${rows["v2"]?.id}, `,
        ),
        "payment: V2",
        "url: https://agents.example.com/two",
        "  fixed: [ 5 tUSDM, 0.000001 ADA ]",
        `adopt: ${rows["v2"]?.id}`,
      ]),
    );
    expect(written).not.toMatch(/^wallet:/m);

    const planned = await planOf(stack);
    expect(planned.problems).toEqual([]);
    expect(planned.agents.map(({ id, action }) => [id, action])).toEqual([
      ["cafe-the-1-agent-best-of-100", "adopt"],
      ["second", "adopt"],
    ]);
    expect(planned).toMatchObject({ feeLovelace: "0", lockedLovelace: "0", orphans: [] });
  });

  it("takes registrations of ours back when the files and the state are lost: under the same id, nothing is left to do", async () => {
    await using stack = await CliStack.start();
    await stack.register(
      { "agent-a": { name: "Agent A" }, other: { name: "Renamed", payment: "V1" } },
      OWNER,
    );
    expect((await importOf(stack, [], { all: true })).exitCode).toBe(0);
    expect(stack.project.read("agents/agent-a.yaml")).toMatch(/After the next up the line may go/);
    const planned = await planOf(stack);
    // The last part of the URL gives the other's id away: its mark is the hash of it.
    expect(planned.agents.map(({ id, action }) => [id, action])).toEqual([
      ["agent-a", "none"],
      ["other", "none"],
    ]);
    expect(planned.orphans).toEqual([]);
  });

  it("takes a registration of ours over under another id, where its own is not to be guessed", async () => {
    await using stack = await CliStack.start();
    await stack.register(
      {
        x: { name: "Writer", payment: "V1", url: "https://agents.example.com/writer" },
      },
      OWNER,
    );
    expect((await importOf(stack, ["Writer"])).exitCode).toBe(0);
    const planned = await planOf(stack);
    expect(planned.agents).toMatchObject([{ id: "writer", action: "adopt" }]);
    expect(planned.orphans).toEqual([]);
    expect(planned.feeLovelace).toBe("0");
  });

  it("pins the wallet where the stack has several of its type", async () => {
    await using stack = await CliStack.start({ wallets: [EMPTY_V2, V2, V1] });
    await stack.register({ a: {}, b: { payment: "V1" } });
    await importOf(stack, [], { all: true });
    expect(stack.project.read("agents/agent-a.yaml")).toContain(`wallet: ${V2.vkey}\n`);
    expect(stack.project.read("agents/agent-b.yaml")).not.toMatch(/^wallet:/m);
    expect((await planOf(stack)).agents).toMatchObject([{ action: "adopt" }, { action: "adopt" }]);
  });

  it("sends a failed update again, and says so and what it costs", async () => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {} });
    await stack.service.patch(a?.id ?? "", { state: "UpdateFailed", error: "no" });
    const { stdout } = await importOf(stack, [a?.id ?? ""]);
    expect(stdout).toMatch(/up sends its failed update again \(about 0\.428725 ADA\)$/m);
    expect((await planOf(stack)).agents).toMatchObject([{ action: "update", fields: [] }]);
  });

  it.each<[by: string, asked: (row: Row) => string]>([
    ["row id", ({ id }) => id],
    ["agentIdentifier", ({ agentIdentifier }) => agentIdentifier],
    ["name", ({ listing }) => listing.name],
  ])("finds a registration by %s, and writes no other", async (_by, asked) => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {}, b: {} });
    if (!a) throw new Error("an agent was registered");
    expect((await importOf(stack, [asked(a)])).exitCode).toBe(0);
    expect(existsSync(stack.project.path("agents/agent-a.yaml"))).toBe(true);
    expect(existsSync(stack.project.path("agents/agent-b.yaml"))).toBe(false);
  });

  it("without names lists what could be imported, and what is left out because it is another owner's", async () => {
    await using stack = await CliStack.start();
    await stack.register({ a: {} });
    await stack.register({ b: {} }, "somebody else");
    await stack.register({ c: {} }, OWNER);
    stack.declare({ c: {} });
    const { exitCode, stdout } = await importOf(stack, []);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^Agent a +cm\w+ +RegistrationConfirmed +V2 fa12fbf5…7e32 +https:\/\/agents\.example\.com\/a$/m,
    );
    expect(stdout).toMatch(/^Left out because they carry other owners' markers: "Agent b"/m);
    expect(stdout).not.toContain("Agent c");
    expect(existsSync(stack.project.path("agents/agent-a.yaml"))).toBe(false);
    const named = await importOf(stack, ["Agent b"]);
    expect(named.stdout).toMatch(
      /It carries another owner's marker: make sure that no other stack manages it/,
    );
    expect(named.exitCode).toBe(0);
    expect((await planOf(stack)).agents).toMatchObject([{ action: "adopt" }, { action: "none" }]);
  });

  it("says when nothing is left to import", async () => {
    await using stack = await CliStack.start();
    for (const flags of [{}, { all: true }]) {
      const { exitCode, stdout } = await importOf(stack, [], flags);
      expect(stdout).toBe("Every registration of this stack's wallets is declared.\n");
      expect(exitCode).toBe(0);
    }
  });

  it("--dry-run prints the files and writes none", async () => {
    await using stack = await CliStack.start();
    await stack.register({ a: {} });
    const { exitCode, stdout } = await importOf(stack, ["Agent a"], { dryRun: true });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^# yaml-language-server: .*\n# Imported from .*\n(# .*\n)+\nname: Agent a\ndescription:/m,
    );
    expect(stdout).not.toContain("Wrote");
    expect(existsSync(stack.project.path("agents/agent-a.yaml"))).toBe(false);
  });

  it("--json tells programs what was written, and what was not and why", async () => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {} });
    const { exitCode, stdout } = await importOf(stack, ["Agent a", "Nobody"], { json: true });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      stack: "preprod",
      written: true,
      imported: [
        {
          id: "agent-a",
          file: "agents/agent-a.yaml",
          registrationId: a?.id ?? "",
          name: "Agent a",
          state: "RegistrationConfirmed",
          action: "adopt",
          text: stack.project.read("agents/agent-a.yaml"),
        },
      ],
      refused: [
        {
          asked: "Nobody",
          registrationId: null,
          name: null,
          reasons: [
            {
              field: "",
              message: "no registration on this network has this id, agent identifier or name",
              remedy: "npx masumi-agents import without names lists what can be imported",
            },
          ],
        },
      ],
    } satisfies ImportDocument);
  });

  it("gives no agent an id that is reserved, unless it was its own", async () => {
    await using stack = await CliStack.start();
    await stack.register({ foreign: { name: "Login", url: "https://agents.example.com/one" } });
    await stack.register({ admin: { name: "Admin", url: "https://agents.example.com/two" } }, OWNER);
    const { exitCode } = await importOf(stack, [], { all: true });
    expect(exitCode).toBe(0);
    expect(existsSync(stack.project.path("agents/login-2.yaml"))).toBe(true);
    expect(existsSync(stack.project.path("agents/admin.yaml"))).toBe(true);
    const { stderr } = await stack.run((project) => plan(project, { stack: "preprod" }));
    expect(stderr).toMatch(
      /^agents\/admin\.yaml:\d+:\d+: the id admin is reserved, .*masumi:policy\.allowIds/m,
    );
    stack.configure({ policy: { allowIds: ["admin"] } });
    expect((await planOf(stack)).agents.map(({ id }) => id)).toEqual(["admin", "login-2"]);
  });

  it("never overwrites a file: another agent's stays, and the new one gets a number", async () => {
    await using stack = await CliStack.start();
    await stack.register({ a: {} });
    stack.project.write(
      "agents/agent-a.yaml",
      JSON.stringify({ ...FULL, url: "https://elsewhere.example.com", only: ["mainnet"] }),
    );
    const before = stack.project.read("agents/agent-a.yaml");
    expect((await importOf(stack, [], { all: true })).exitCode).toBe(0);
    expect(stack.project.read("agents/agent-a.yaml")).toBe(before);
    expect(stack.project.read("agents/agent-a-2.yaml")).toContain("name: Agent a\n");
    expect((await planOf(stack)).agents).toMatchObject([{ id: "agent-a-2", action: "adopt" }]);
  });
});

describe("after an import", () => {
  it("up adopts V1 and V2 registrations, ours and others', without a single request to the chain", async () => {
    const outside = await startOutsideAgents();
    const sandbox = await startSandbox({ chainSpeed: "instant" });
    const project = new TestProject();
    const control = new SandboxControl(sandbox.url);
    try {
      project.useSandbox(sandbox.url);
      await prepareLocalStack(openProject(project.root), { sandboxUrl: sandbox.url });
      const owner = readConfig(openProject(project.root), "local")["masumi:owner"];
      const at = (path: string) => `${outside.url}/${path}`;
      const api = `${sandbox.url}/api/v1`;
      for (const agent of declare({ a: { url: at("a") }, b: { url: at("b"), payment: "V1" } })) {
        await register(api, agent, owner);
      }
      for (const agent of declare({ c: { url: at("c") }, d: { url: at("d"), payment: "V1" } })) {
        const { id } = await register(api, agent, "somebody else");
        await control.patchRow(id, { Tags: agent.tags });
      }
      expect(await project.run("import", "--all")).toMatchObject({ exitCode: 0, stderr: "" });
      await control.resetRequests();
      const { outputs } = await project.report("up");
      expect(await control.chainRequests()).toBe(0);
      const ids = Object.values(outputs.agents?.agents ?? {}).map(({ registrationId }) => registrationId);
      expect(ids.toSorted()).toEqual((await control.rows()).map(({ id }) => id).toSorted());
      expect(await project.run("drift")).toMatchObject({ exitCode: 0, stderr: "" });
    } finally {
      await project.dispose();
      await sandbox.close();
      await outside.close();
    }
  }, 120_000);
});
