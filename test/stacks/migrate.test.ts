import { describe, expect, it } from "vitest";
import { migrate } from "../../cli/commands/project/migrate.ts";
import { withPayment } from "../../stacks/migrate/edit.ts";
import { CliStack } from "../cli/stack.ts";
import { outsideAgent } from "../helpers/outside-agents.ts";
import { OWNER } from "../infra/fleet/stack.ts";
import { WORLDS } from "../providers/masumi/service.ts";

describe("a declaration moves to V2 as its author would write it", () => {
  const OVERRIDES = "overrides: { preprod: { payment: V2 } }";
  it.each<[what: string, text: string, isShared: boolean, expected: string]>([
    [
      "the word alone is changed",
      "name: A\npayment: V1 # as ever\nid: a\n",
      false,
      "name: A\npayment: V2 # as ever\nid: a\n",
    ],
    ["a file without the key gets it", "name: A # ours", false, "name: A # ours\npayment: V2\n"],
    [
      "a file that other stacks read too keeps its word for them",
      "payment: V1\n",
      true,
      `payment: V1\n${OVERRIDES}\n`,
    ],
    [
      "an override of the stack is changed where it is",
      "overrides:\n  preprod:\n    payment: 'V1' # here\n    name: B\n",
      false,
      "overrides:\n  preprod:\n    payment: V2 # here\n    name: B\n",
    ],
  ])("%s", (_what, text, isShared, expected) => {
    expect(withPayment(text, { payment: "V2", stack: "preprod", isShared })).toMatchObject({
      text: expected,
    });
  });

  it.each([
    ["overrides of others", "overrides: { mainnet: { name: B } }\n", true, "below preprod: below overrides"],
    ["a file in braces", '{ "name": "A" }', true, "write overrides: { preprod: { payment: V2 } }"],
    ["an alias", "x-type: &type V1\npayment: *type\n", false, "instead of what is there"],
  ])("%s is left to its author", (_what, text, isShared, said) => {
    expect(withPayment(text, { payment: "V2", stack: "preprod", isShared })).toEqual({
      byHand: expect.stringContaining(said) as string,
    });
  });
});

describe("migrate", () => {
  const run = (stack: CliStack, agent: string, env = {}) =>
    stack.run((project) => migrate(project, { stack: "preprod", to: "V2", yes: true }, agent), env);
  const declare = (stack: CliStack, name: string, payment: string) =>
    stack.project.write(
      `agents/${name.toLowerCase()}.yaml`,
      outsideAgent(name, "https://agents.example.com", { payment }),
    );

  it("shows the plan and the order of it, and changes the file for this stack alone", async () => {
    await using stack = await CliStack.start();
    await stack.register({ writer: { payment: "V1" } }, OWNER);
    declare(stack, "Writer", "V1");
    declare(stack, "Modern", "V2");
    const before = stack.project.read("agents/writer.yaml");
    const { exitCode, stdout, stderr } = await run(stack, "writer");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^agents\/writer\.yaml gets:\n {2}overrides: \{ preprod: \{ payment: V2 \} \}\n/);
    expect(stdout).toMatch(/^writer +replace +wallet /m);
    expect(stdout).toMatch(
      /in this order:\n {2}1\. registers it on V2 wallet \S+: .*\n {2}2\. deregisters it on V1 wallet \S+: .*5 ADA released\n/,
    );
    expect(stdout).toMatch(/Next: npx masumi-agents up --stack preprod\n$/);
    expect(stack.project.read("agents/writer.yaml")).toBe(
      `${before}overrides: { preprod: { payment: V2 } }\n`,
    );
    await expect(run(stack, "writer")).rejects.toThrow(/says payment: V2 already, which is not carried out/);
    await expect(run(stack, "modern")).rejects.toThrow(/^MIGRATION_REFUSED: .*is on V2 already/);
  });

  it("changes nothing if the payment service is too old", async () => {
    await using stack = await CliStack.start({}, { world: WORLDS["release 0.21"], chainSpeed: "instant" });
    declare(stack, "Writer", "V1");
    const before = stack.project.read("agents/writer.yaml");
    await expect(run(stack, "writer", { MASUMI_API_KEY: "sandbox-pay-key" })).rejects.toThrow(
      /^MIGRATION_REFUSED: [^]*V2_NOT_SUPPORTED[^]*newer payment service/,
    );
    expect(stack.project.read("agents/writer.yaml")).toBe(before);
  });
});
