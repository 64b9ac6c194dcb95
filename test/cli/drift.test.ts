import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DriftFlags, drift } from "../../cli/commands/drift.ts";
import type { DriftDocument } from "../../stacks/documents.ts";
import { repository } from "../helpers/project.ts";
import { OWNER, declare, register } from "../infra/fleet/stack.ts";
import { marker } from "../../providers/masumi/service/index.ts";
import { V2 } from "../providers/masumi/inputs.ts";
import { CliStack } from "./stack.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };

const SECOND_CONTRACT = "addr_test1wpmgv2p0uws5xqcm48nvlrmz7qx8k0y7dhz9g6xqd0nf4kcr5l2hx";

const driftOf = (stack: CliStack, flags: Partial<DriftFlags> = {}, env = {}) =>
  stack.run((project) => drift(project, { stack: "preprod", ...flags }), env);

const AGENTS = { same: {}, changed: {}, failed: {}, twice: {} };

/** Agents as declared, and a stack on which everything has gone wrong that can. */
async function driftedFleet(): Promise<CliStack> {
  const stack = await CliStack.start();
  const ids: Record<string, string> = {};
  for (const agent of declare({ ...AGENTS, orphan: {} })) {
    ids[agent.id] = (await register(stack.service.url, agent)).id;
  }
  for (const agent of declare({ twice: {} })) await register(stack.service.url, agent);
  const { service } = stack;
  await service.patch(ids["changed"] ?? "", {
    description: "changed\nby \u001b[31mhand",
    Tags: ["other", marker(OWNER, "changed")],
    Author: { name: "Example GmbH", contactEmail: "x@example.com", contactOther: null, organization: null },
  });
  await service.patch(ids["failed"] ?? "", { state: "UpdateFailed", error: "the chain said no" });
  stack.declare({ ...AGENTS, missing: {} });
  return stack;
}

describe("masumi-agents drift", () => {
  it("tells people field by field what is declared and what is live, and ends with 2", async () => {
    await using stack = await driftedFleet();
    const { exitCode, stdout, stderr } = await driftOf(stack);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^same: as declared \(registration cm\w+, RegistrationConfirmed\)$/m);
    expect(stdout).toMatch(
      new RegExp(
        "^changed: CHANGED .*\n" +
          "  description\n    declared: Answers from elsewhere.\n    live:     changed\\\\nby \\\\u001b\\[31mhand\n" +
          "  tags\n    declared: answers\n    live:     other\n" +
          "  author.contactEmail\n    declared: \\(none\\)\n    live:     x@example.com$",
        "m",
      ),
    );
    expect(stdout).toMatch(
      /^failed: FAILED \(registration cm\w+, UpdateFailed\)\n {2}the service says: the chain said no$/m,
    );
    expect(stdout).toMatch(/^twice: as declared .*\n {2}DUPLICATE: also registered as cm/m);
    expect(stdout).toMatch(/^missing: MISSING: it is not registered$/m);
    expect(stdout).toMatch(
      /^Agent orphan: NOT DECLARED: registered under this owner, but in no file \(registration cm/m,
    );
    expect(stdout).toMatch(
      /^Drift: 4 of 5 agents not as declared, 1 registration that no file declares\. .*masumi-agents plan --stack preprod$/m,
    );
    expect(stdout).not.toContain("\u001b");
    expect(exitCode).toBe(2);
  });

  it("tells programs the same as JSON", async () => {
    await using stack = await driftedFleet();
    const { exitCode, stdout } = await driftOf(stack, { json: true });
    expect(exitCode).toBe(2);
    const document = JSON.parse(stdout) as DriftDocument;
    expect(document).toMatchObject({ version: 1, stack: "preprod", drifted: true, problems: [] });
    const statuses = document.agents.map(({ id, status, duplicates }) => [id, status, duplicates.length]);
    expect(statuses).toEqual([
      ["changed", "changed", 0],
      ["failed", "failed", 0],
      ["missing", "missing", 0],
      ["same", "same", 0],
      ["twice", "same", 1],
    ]);
    const [changed, failed, missing] = document.agents;
    expect(changed?.fields).toContainEqual({
      field: "author.contactEmail",
      declared: null,
      live: "x@example.com",
    });
    expect(failed?.registration).toMatchObject({ state: "UpdateFailed", error: "the chain said no" });
    expect(missing?.registration).toBeNull();
    expect(document.orphans).toMatchObject([{ name: "Agent orphan", walletVkey: V2.vkey, error: null }]);
  });

  it("ends with 0 when all is as declared, and sends nothing", async () => {
    await using stack = await CliStack.start();
    for (const agent of declare({ a: {}, b: { payment: "V1" } })) await register(stack.service.url, agent);
    stack.declare({ a: {}, b: { payment: "V1" } });
    const before = await stack.service.requests();
    const { exitCode, stdout } = await driftOf(stack);
    expect(stdout).toMatch(/No drift: all that was compared is as declared\.\n$/);
    expect(exitCode).toBe(0);
    const after = await stack.service.requests();
    const others = Object.keys(after).filter((route) => !route.startsWith("GET "));
    expect(others.map((route) => [route, after[route]])).toEqual(
      others.map((route) => [route, before[route]]),
    );
  });

  it("ends with 1 when an agent could not be compared, even where others have drifted", async () => {
    // Of two V2 contracts, nobody can say which one the wallet belongs to.
    const [first, ...others] = defaultWorld.paymentSources;
    const second = {
      ...first,
      smartContractAddress: SECOND_CONTRACT,
      policyId: "ab".repeat(28),
      wallets: [],
    };
    const world = { ...defaultWorld, paymentSources: [first, ...others, second] };
    await using stack = await CliStack.start({}, { chainSpeed: "instant", world });
    await stack.register({ b: {} }, OWNER);
    stack.declare({ a: {}, b: {} });
    const { exitCode, stdout } = await driftOf(stack);
    expect(stdout).toMatch(/^a: MISSING/m);
    expect(stdout).toMatch(/^Problem: PAYMENT_SOURCE_UNKNOWN: The service has 2 V2 payment sources/m);
    expect(stdout).toMatch(/1 agent could not be compared/);
    expect(exitCode).toBe(1);
  });

  it("a key that is refused, or a service that is not there, is an error and no drift", async () => {
    await using stack = await CliStack.start();
    stack.declare({ a: {} });
    await expect(driftOf(stack, {}, { MASUMI_API_KEY: "a-key-that-nobody-knows" })).rejects.toThrow(
      /KEY_REFUSED/,
    );
    stack.configure({ paymentServiceUrl: "http://127.0.0.1:9/api/v1" });
    const { exitCode, stderr } = await commandLine(stack, ["drift", "--stack", "preprod"]);
    expect(stderr).toMatch(/^SERVICE_UNREACHABLE: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(1);
  });

  it("is coloured on a terminal, and with NO_COLOR not even there", async () => {
    await using stack = await driftedFleet();
    const words = ["drift", "--stack", "preprod"];
    const coloured = await onTerminal(stack, words, {});
    expect(coloured.stdout).toContain("\u001b[31mCHANGED\u001b[39m");
    expect(coloured.exitCode).toBe(2);
    const plain = await onTerminal(stack, words, { NO_COLOR: "1" });
    expect(plain.stdout).toContain("changed: CHANGED");
    expect(plain.stdout).not.toContain("\u001b");
  });
});

const commandLine = ({ project }: CliStack, words: string[]) => {
  project.env["MASUMI_API_KEY"] = "sandbox-read-key";
  return project.run(...words);
};

/** Runs a command as on a terminal; Python's pty module makes one. */
function onTerminal(
  { project }: CliStack,
  words: string[],
  env: Record<string, string>,
): Promise<{ exitCode: number | null; stdout: string }> {
  const terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
  const { FORCE_COLOR: _1, NO_COLOR: _2, CI: _3, ...inherited } = process.env;
  const child = spawn(
    "python3",
    ["-c", terminal, process.execPath, join(repository, "cli/main.ts"), "--cwd", project.root, ...words],
    {
      env: {
        ...inherited,
        TERM: "xterm-256color",
        NODE_NO_WARNINGS: "1",
        MASUMI_API_KEY: "sandbox-read-key",
        ...env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (exitCode) => done({ exitCode, stdout }));
  });
}
