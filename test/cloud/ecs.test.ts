/** The life of two agents on ECS behind a load balancer: real containers, an emulated AWS, https at their own names. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOver } from "../../providers/masumi/index.ts";
import { type AgentReport, type RunReport, changes, repository } from "../helpers/project.ts";
import type { HireReport } from "../../cli/hire/report.ts";
import { docker, engineIsRequired, engineIsThere } from "../image/docker.ts";
import { containersOf, inventory } from "./inventory.ts";
import { until } from "./processes.ts";
import { type CloudWorld, startCloudWorld } from "./world.ts";

const left = !engineIsThere && !engineIsRequired;
if (left)
  console.warn(
    "LEFT OUT: the cloud stack on ECS does not run, as there is no Docker engine here (docker info).",
  );

const LOGS = join(repository, ".masumi/cloud-logs/ecs");
const STEP_MS = 180_000;
const START_MS = 300_000;
const PATIENCE_MS = 60_000;

/** A crew of one, whose every job asks the model once. */
const agent = (name: string, changes: { price?: string; task?: string } = {}) => `
name: ${name}
description: Turns a list of changes into release notes.
capability: { name: release-notes, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
payment: V2
pricing: ${changes.price ?? "free"}
input: [{ id: changes, type: string, name: Changes }]
crew:
  agents:
    editor: { role: Editor, goal: Write plainly, backstory: You have edited changelogs for years. }
  tasks:
    - name: write
      agent: editor
      description: ${changes.task ?? "Write release notes for {changes}"}
      expected_output: A short list
`;

interface Availability {
  readonly status: string;
  readonly agentIdentifier?: string;
}

describe.skipIf(left)("two agents on ECS", { timeout: STEP_MS }, () => {
  let world: CloudWorld;
  let before: readonly string[];
  let latest: RunReport;

  beforeAll(async () => {
    world = await startCloudWorld({ domain: "agents.example.com", logs: LOGS });
    console.info(`Logs of the cloud stack on ECS: ${LOGS}`);
    before = await inventory(world.emulator);
    world.project.write("agents/writer.yaml", agent("Writer"));
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [2 ADA] }" }));
    world.project.env["MASUMI_BUYER_KEY"] = "sandbox-buyer-key";
  }, START_MS);

  afterAll(() => world?.close(), STEP_MS);

  async function up(): Promise<string[]> {
    latest = await world.report("up");
    return changes(latest);
  }

  const reported = (id: string): AgentReport => {
    const found = latest.outputs.agents?.agents[id];
    if (!found) throw new Error(`no output for ${id}`);
    return found;
  };

  const availability = async (id: string): Promise<Availability> => {
    const { status, body } = await world.ask(id, "/availability");
    if (status !== 200) throw new Error(`${id} answers ${status}: ${body}`);
    return JSON.parse(body) as Availability;
  };

  const containers = (id: string) => containersOf(world.emulator, id);

  /** The crew looks for its identifier by itself: what AWS was told reaches it a little later. */
  const knows = (id: string) =>
    until(`${id} knows its identifier`, PATIENCE_MS, async () => {
      const { status, agentIdentifier } = await availability(id);
      return (status === "available" && agentIdentifier === reported(id).agentIdentifier) || undefined;
    });

  /** What would show any request that reached the chain. */
  const registrations = async () =>
    (await world.service.rows()).map(({ id, state, agentIdentifier, txHash }) => ({
      id,
      state,
      agentIdentifier,
      txHash,
    }));

  const hireSeller = () => {
    const paidBy = ["--payment-service", world.buyersService];
    return world.report<HireReport>("hire", "seller", "--input", "changes=faster start", ...paidBy);
  };

  async function withoutChain<T>(work: () => Promise<T>): Promise<T> {
    const chain = await registrations();
    const done = await work();
    expect(await registrations()).toEqual(chain);
    return done;
  }

  it(
    "are built, run, probed at their own https names, registered, and told their identifiers",
    async () => {
      expect(await up()).toEqual(
        expect.arrayContaining([
          "create AgentRegistration seller",
          "create AgentRegistration writer",
          "create LoadBalancer masumi-agents-local",
        ]),
      );
      for (const id of ["seller", "writer"]) {
        expect(reported(id)).toMatchObject({
          url: `https://${id}.agents.example.com`,
          state: "RegistrationConfirmed",
        });
        await knows(id);
      }
      expect((await world.ask("nobody", "/availability")).status).toBe(502);
    },
    START_MS,
  );

  it("are left alone by a second run", async () => {
    expect(await withoutChain(up)).toEqual([]);
  });

  it("do a job for a buyer who pays", async () => {
    expect(await hireSeller()).toMatchObject({ outcome: "result", price: "2 ADA" });
  });

  const friendly = agent("Writer", { task: "Write friendly release notes for {changes}" });

  it("roll one service when one crew's text changes, and nothing is registered", async () => {
    const [seller, writer] = await Promise.all(["seller", "writer"].map(containers));
    world.project.write("agents/writer.yaml", friendly);
    const changed = await withoutChain(up);
    expect(changed.filter((line) => !line.endsWith(" writer"))).toEqual([]);
    expect(changed).toContain("update Service writer");
    expect(await containers("seller")).toEqual(seller);
    const rolled = await containers("writer");
    expect(rolled).toHaveLength(1);
    expect(rolled).not.toEqual(writer);
    await knows("writer");
  });

  it("are updated on the chain when a price changes, and the crew that asks for it learns its new identifier", async () => {
    const { registrationId, agentIdentifier } = reported("seller");
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [3 ADA] }" }));
    const changed = await up();
    expect(changed.filter((line) => !line.endsWith(" seller"))).toEqual([]);
    expect(changed).toContain("update AgentRegistration seller");
    expect(reported("seller")).toMatchObject({ registrationId, state: "UpdateConfirmed" });
    expect(reported("seller").agentIdentifier).not.toBe(agentIdentifier);
    await knows("seller");
    expect(await withoutChain(up)).toEqual([]);
  });

  it("keep what ran when an image does not come up: the error shows the stopped task's reason and its log", async () => {
    const [, base = ""] = /^ARG BASE_IMAGE=(\S+)$/m.exec(world.project.read("crew/Dockerfile")) ?? [];
    world.project.write(
      "broken/Dockerfile",
      `FROM ${base}\nCMD ["sh", "-c", "echo no paper left; exit 3"]\n`,
    );
    world.project.write("agents/writer.yaml", friendly.replace(/^crew:(?:\n .*)+/m, "build: broken"));
    const { exitCode, stderr, stdout } = await withoutChain(() => world.run("up"));
    expect(exitCode).toBe(1);
    expect(`${stderr}${stdout}`).toContain("ECS_ROLLOUT_FAILED: writer did not come up on ECS");
    expect(`${stderr}${stdout}`).toMatch(/Its container crew: exit code 3/);
    expect(`${stderr}${stdout}`).toContain("no paper left");
    expect((await availability("writer")).status).toBe("available");
    world.project.write("agents/writer.yaml", friendly);
    await withoutChain(up);
    expect(await withoutChain(up)).toEqual([]);
    await knows("writer");
  });

  it("finish a paid job whose task is killed on the task that takes its place", async () => {
    const model = "POST /model/v1/chat/completions";
    await world.control.setFaults([{ kind: "hang-before-write", route: model }]);
    await world.control.resetRequests();
    const hired = hireSeller();
    await until("the model is asked", PATIENCE_MS, async () => (await world.control.requests())[model]);
    const [killed = ""] = await containers("seller");
    await docker(["kill", killed]);
    expect(await hired).toMatchObject({ outcome: "result" });
    expect(await containers("seller")).not.toContain(killed);
  });

  it("are removed one by one: drained, kept while a payment is open, then burnt, and nothing of it is left", async () => {
    const { agentIdentifier, registrationId } = reported("seller");
    await world.control.addPayment(agentIdentifier, { onChainState: "FundsLocked" });
    world.project.remove("agents/seller.yaml");
    const { exitCode, stderr, stdout } = await withoutChain(() => world.run("up"));
    expect(exitCode).toBe(1);
    expect(`${stderr}${stdout}`).toContain("OPEN_PAYMENTS: seller has 1 open payment(s)");
    expect((await availability("seller")).status).toBe("unavailable");

    await world.control.clearPayments();
    await up();
    expect((await world.service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    expect((await inventory(world.emulator)).filter((line) => line.includes("seller"))).toEqual([]);
    expect(await withoutChain(up)).toEqual([]);
    await knows("writer");
  });

  it("leave nothing behind when they are destroyed", async () => {
    await world.report("destroy");
    expect((await world.service.rows()).filter(({ state }) => !isOver(state))).toEqual([]);
    expect(await inventory(world.emulator)).toEqual(before);
    expect(changes(await world.report("destroy"))).toEqual([]);
  });
});
