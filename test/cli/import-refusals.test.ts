import { describe, expect, it } from "vitest";
import { type ImportFlags, importAgents } from "../../cli/commands/import.ts";
import { drift } from "../../cli/commands/drift.ts";
import { plan } from "../../cli/commands/plan.ts";
import type { PlanDocument } from "../../stacks/documents.ts";
import { V1, V2_SOURCE } from "../providers/masumi/inputs.ts";
import { CliStack } from "./stack.ts";

const importOf = (stack: CliStack, asked: string[], flags: Partial<ImportFlags> = {}, env = {}) =>
  stack.run((project) => importAgents(project, asked, { stack: "preprod", ...flags }), env);

async function planOf(stack: CliStack): Promise<PlanDocument> {
  const { stdout } = await stack.run((project) => plan(project, { stack: "preprod", json: true }));
  return JSON.parse(stdout) as PlanDocument;
}

const TUSDM = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";
const UNKNOWN = `${"ab".repeat(28)}746f6b656e`;

describe("what is not imported, and why", () => {
  it.each<[what: string, patch: object, said: RegExp]>([
    ["no tags", { Tags: [] }, /- tags is an empty list; expected at least 1/],
    [
      "fifteen tags",
      { Tags: Array.from({ length: 15 }, (_, i) => `t${i}`) },
      /- tags has 15 entries; at most 14/,
    ],
    ["no description", { description: "" }, /- description is blank/],
    [
      "a mail address that is none",
      { Author: { name: "X", contactEmail: "call me", contactOther: null, organization: null } },
      /- author\.contactEmail is not an email address/,
    ],
    [
      "an example that is not a link",
      { ExampleOutputs: [{ name: "Brief", url: "brief.pdf", mimeType: "application/pdf" }] },
      /- exampleOutputs\[0\]\.url "brief\.pdf" is not a link/,
    ],
    [
      "a URL that is no service's",
      { apiBaseUrl: "https://x.example.com/?a=b" },
      /- url .*is not the base URL/,
    ],
    [
      "a price in a token without a name",
      { AgentPricing: { pricingType: "Fixed", Pricing: [{ amount: "7", unit: UNKNOWN }] } },
      new RegExp(
        `- pricing\\.fixed\\[0\\]: 7 base units of ${UNKNOWN} have no name and decimals .*masumi:assets: { TOKEN: { unit: ${UNKNOWN}`,
      ),
    ],
    [
      "two prices in one token",
      {
        AgentPricing: {
          pricingType: "Fixed",
          Pricing: [
            { amount: "7", unit: TUSDM },
            { amount: "8", unit: TUSDM },
          ],
        },
      },
      /- pricing\.fixed\[1\]: .*is a second price in the same token/,
    ],
    [
      "several mistakes at once",
      { Tags: [], description: " ", name: "" },
      /- name is blank.*\n.*- description is blank.*\n.*- tags is an empty list/,
    ],
    [
      "a registration that failed",
      { state: "RegistrationFailed" },
      /it is in state RegistrationFailed; nothing of it is on the chain/,
    ],
    [
      "one that is leaving",
      { state: "DeregistrationInitiated" },
      /it is in state DeregistrationInitiated; wait/,
    ],
    [
      "one that would not go",
      { state: "DeregistrationFailed" },
      /it is in state DeregistrationFailed; deregister it again/,
    ],
  ])("%s", async (_what, patch, said) => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: { payment: "V1" } });
    await stack.service.patch(a?.id ?? "", { ...patch });
    const { exitCode, stdout } = await importOf(stack, [a?.id ?? ""]);
    expect(stdout).toMatch(/^Not imported: ".*" \(registration cm\w+, \w+\)\n/);
    expect(stdout).toMatch(said);
    expect(exitCode).toBe(1);
    expect((await planOf(stack)).agents).toEqual([]);
  });

  it.each<[what: string, patch: object]>([
    ["a URL with a slash at its end", { apiBaseUrl: "https://r1.example.com/" }],
    ["a URL with a path and a slash", { apiBaseUrl: "https://r1.example.com/agent//" }],
    ["blanks around a text", { name: "Writer ", description: " Writes.\n" }],
    [
      "blanks around a text of its author",
      { Author: { name: " Jane", contactEmail: null, contactOther: "room 1 ", organization: null } },
    ],
    ["an empty tag", { Tags: ["fine", ""] }],
    ["a tag twice", { Tags: ["x", "x ", "x"] }],
    ["an unmarked one with a capital in its host", { apiBaseUrl: "https://R1.example.com/" }],
  ])("what no file can say is taken over as it is, on V1 and V2: %s", async (_what, patch) => {
    await using stack = await CliStack.start();
    const rows = await stack.register({ a: { payment: "V1" }, b: {} });
    for (const row of Object.values(rows)) await stack.service.patch(row.id, { ...patch });
    for (const [id, row] of Object.entries(rows)) {
      const { exitCode, stdout } = await importOf(stack, [row.id]);
      expect(stdout).toMatch("up takes it over, nothing is sent");
      expect(exitCode).toBe(0);
      const { agents, problems } = await planOf(stack);
      expect(problems).toEqual([]);
      expect(agents).toMatchObject([{ action: "adopt", registrationId: row.id }]);
      const drifted = await stack.run((project) => drift(project, { stack: "preprod", json: true }));
      // The other one is on the wallet, too, and no file knows it yet.
      const others = Object.values(rows).filter(({ id: other }) => other !== row.id);
      expect(JSON.parse(drifted.stdout), `drift of ${id}`).toMatchObject({
        agents: [{ status: "same" }],
        orphans: [],
        foreign: others.map(({ id: other }) => ({ registrationId: other })),
      });
      for (const { file } of agents) stack.project.remove(file);
    }
  });

  it("a price in a token of the stack's own is imported, by the name that the stack gives it", async () => {
    await using stack = await CliStack.start({ assets: { GOLD: { unit: UNKNOWN, decimals: 2 } } });
    const { a } = await stack.register({ a: { payment: "V1" } });
    const Pricing = [{ amount: "7", unit: UNKNOWN }];
    await stack.service.patch(a?.id ?? "", { AgentPricing: { pricingType: "Fixed", Pricing } });
    expect((await importOf(stack, [], { all: true })).exitCode).toBe(0);
    expect(stack.project.read("agents/agent-a.yaml")).toContain("fixed: [ 0.07 GOLD ]");
    expect((await planOf(stack)).agents).toMatchObject([{ action: "adopt" }]);
  });

  it("money that goes to another payment source", async () => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {} });
    await stack.service.patch(a?.id ?? "", {
      supportedPaymentSources: [{ chain: "Cardano", address: V1.address, pricing: { pricingType: "Free" } }],
    });
    const { stdout } = await importOf(stack, ["Agent a"]);
    expect(stdout).toContain(
      `sourceAddress: the registration has "${V1.address}", a file can only say "${V2_SOURCE}"; write the file yourself, with adopt:`,
    );
  });

  it("a wallet that the stack does not have", async () => {
    await using stack = await CliStack.start({ wallets: [V1] });
    await stack.register({ a: {} });
    const { exitCode, stdout } = await importOf(stack, ["Agent a"]);
    expect(stdout).toMatch(/wallet: it is registered on wallet fa12fbf5.*; add the wallet to masumi:wallets/);
    expect(exitCode).toBe(1);
  });

  it("what is declared already, what is registered twice, and what several are called", async () => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {}, c: { name: "Writer" } });
    const { d } = await stack.register({
      d: { name: "Writer" },
      e: { name: "Other", url: "https://agents.example.com/a" },
    });
    await importOf(stack, ["Agent a"]);
    const { stdout } = await importOf(stack, [a?.id ?? "", "Writer", "Other", d?.id ?? ""]);
    expect(stdout).toContain("agents/agent-a.yaml declares it already");
    expect(stdout).toMatch(
      /Not imported: Writer\n {2}- 2 registrations have this name; name one by its id: cm/,
    );
    expect(stdout).toMatch(
      /Not imported: "Other" .*\n {2}- url: agents\/agent-a\.yaml declares https:.*; one service is one agent/,
    );
    expect(stdout).toMatch(/^agents\/writer\.yaml: "Writer"/m);
    expect((await importOf(stack, ["Nobody", "Nobody"])).stdout.match(/Not imported/g)).toHaveLength(1);
    const again = await importOf(stack, [], { all: true });
    expect(again.exitCode).toBe(1);
    expect(again.stdout).toMatch(/name "Writer" is already used by agents\/writer\.yaml/);
  });

  it("an agent that is declared at the same URL is told to adopt it", async () => {
    await using stack = await CliStack.start();
    const { a } = await stack.register({ a: {} });
    stack.declare({ mine: { url: "https://agents.example.com/a" } });
    const { stdout } = await importOf(stack, [], { all: true });
    expect(stdout).toContain(`to take this registration over, add adopt: ${a?.id} to that file`);
  });

  it("bad YAML in agents/ stops it before anything is asked", async () => {
    await using stack = await CliStack.start();
    stack.project.write("agents/a.yaml", "name: [");
    const { exitCode, stderr } = await importOf(stack, [], { all: true });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^agents\/a\.yaml:1:/m);
  });
});
