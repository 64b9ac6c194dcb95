/** The life of two agents on ECS behind a load balancer: real containers, an emulated AWS, https at their own names. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOver } from "../../providers/masumi/service/index.ts";
import type { CostsDocument } from "../../stacks/costs/costs.ts";
import { changes, repository } from "../helpers/project.ts";
import { docker, engineIsRequired, engineIsThere } from "../image/docker.ts";
import { agent } from "./agents.ts";
import { containersOf, inventory, rolePaths } from "./inventory.ts";
import { disturbedHire, startHire } from "./jobs.ts";
import { postgresIsThere } from "./postgres.ts";
import { type Availability, Story, builtFrom, writeBroken } from "./story.ts";
import { type CloudWorld, startCloudWorld } from "./world.ts";

const left = !(engineIsThere && postgresIsThere) && !engineIsRequired;
if (left)
  console.warn(
    "LEFT OUT: the stack on ECS does not run: that needs a Docker engine (docker info) and PostgreSQL's programs.",
  );

const LOGS = join(repository, ".masumi/cloud-logs/ecs");
const STEP_MS = 300_000;
const START_MS = 480_000;

describe.skipIf(left)("two agents on ECS", { timeout: STEP_MS }, () => {
  let world: CloudWorld;
  let before: readonly string[];
  let story: Story;

  beforeAll(async () => {
    world = await startCloudWorld({ domain: "agents.example.com", logs: LOGS });
    console.info(`Logs of the cloud stack on ECS: ${LOGS}`);
    story = new Story(world, async (id) => {
      const { status, body } = await world.ask(id, "/availability");
      if (status !== 200) throw new Error(`${id} answers ${status}: ${body}`);
      return JSON.parse(body) as Availability;
    });
    before = await inventory(world.emulator);
    world.project.write("agents/writer.yaml", agent("Writer"));
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [2 ADA] }" }));
  }, START_MS);

  afterAll(() => world?.close(), STEP_MS);

  const containers = (id: string) => containersOf(world.emulator, id);

  it(
    "are built, run, probed at their own https names, registered, and told their identifiers",
    async () => {
      expect(await story.up()).toEqual(
        expect.arrayContaining([
          "create AgentRegistration seller",
          "create AgentRegistration writer",
          "create LoadBalancer masumi-agents-local",
        ]),
      );
      for (const id of ["seller", "writer"]) {
        expect(story.reported(id)).toMatchObject({
          url: `https://${id}.agents.example.com`,
          state: "RegistrationConfirmed",
        });
        await story.knows(id);
      }
      expect((await world.ask("nobody", "/availability")).status).toBe(502);
    },
    START_MS,
  );

  it("are left alone by a second run", async () => {
    expect(await story.upWithoutChain()).toEqual([]);
  });

  it("do a job for a buyer who pays", async () => {
    expect(await startHire(world, "seller", "faster start")).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("faster start") as string,
    });
  });

  it("have what they used read from the stack's database, by whoever can reach it", async () => {
    const { user, port, database } = world.postgres;
    const costs = async () =>
      JSON.parse((await world.project.run("costs", "--json")).stdout) as CostsDocument;
    expect((await costs()).unread.map(({ agent: id }) => id)).toContain("seller");
    world.project.env["MASUMI_DATABASE_URL"] = `postgresql://${user}@127.0.0.1:${port}/${database}`;
    const { rows, unread } = await costs();
    delete world.project.env["MASUMI_DATABASE_URL"];
    expect(unread).toEqual([]);
    const seller = rows.find(({ agent: id }) => id === "seller");
    expect(seller?.models[0]?.inputTokens).toBeGreaterThan(0);
    expect(seller?.time.jobSeconds).toBeGreaterThan(0);
    expect(seller?.time.containerSeconds).toBeGreaterThanOrEqual(seller?.time.jobSeconds ?? Infinity);
  });

  const friendly = agent("Writer", { task: "Write friendly release notes for {changes}" });

  it("roll one service when one crew's text changes, and nothing is registered", async () => {
    const [seller, writer] = await Promise.all(["seller", "writer"].map(containers));
    world.project.write("agents/writer.yaml", friendly);
    const changed = await story.upWithoutChain();
    expect(changed.filter((line) => !line.endsWith(" writer"))).toEqual([]);
    expect(changed).toContain("update Service writer");
    expect(await containers("seller")).toEqual(seller);
    const rolled = await containers("writer");
    expect(rolled).toHaveLength(1);
    expect(rolled).not.toEqual(writer);
    await story.knows("writer");
  });

  it("get roles at another path and go on with them, and nothing is registered", async () => {
    const before = await containers("seller");
    await world.set("aws", JSON.stringify({ domain: world.domain, rolePath: "/agents/" }));
    const changed = await story.upWithoutChain();
    expect(changed).toContain("update Service seller");
    expect(new Set(await rolePaths(world.emulator))).toEqual(new Set(["/agents/"]));
    expect(await containers("seller")).not.toEqual(before);
    for (const id of ["seller", "writer"]) await story.knows(id);
    expect(await story.upWithoutChain()).toEqual([]);
  });

  it("are updated on the chain when a price changes, and the crew that asks for it learns its new identifier", async () => {
    const { registrationId, agentIdentifier } = story.reported("seller");
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [3 ADA] }" }));
    const changed = await story.up();
    expect(changed.filter((line) => !line.endsWith(" seller"))).toEqual([]);
    expect(changed).toContain("update AgentRegistration seller");
    expect(story.reported("seller")).toMatchObject({ registrationId, state: "UpdateConfirmed" });
    expect(story.reported("seller").agentIdentifier).not.toBe(agentIdentifier);
    await story.knows("seller");
    expect(await story.upWithoutChain()).toEqual([]);
  });

  it("keep what ran when an image does not come up: the error shows the stopped task's reason and its log", async () => {
    writeBroken(world, "broken");
    world.project.write("agents/writer.yaml", builtFrom("broken", friendly));
    const said = await story.withoutChain(() => story.failure());
    expect(said).toContain("ECS_ROLLOUT_FAILED: writer did not come up on ECS");
    expect(said).toContain("Its container crew: exit code 3");
    expect(said).toContain("no paper left");
    expect((await story.availability("writer")).status).toBe("available");
    world.project.write("agents/writer.yaml", friendly);
    await story.upWithoutChain();
    expect(await story.upWithoutChain()).toEqual([]);
    await story.knows("writer");
  });

  it("finish a paid job whose task is killed on the task that takes its place", async () => {
    const [killed = ""] = await containers("seller");
    const hire = await disturbedHire(world, "seller", async () => void (await docker(["kill", killed])));
    expect(hire).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("what survives") as string,
    });
    expect(await containers("seller")).not.toContain(killed);
  });

  it("are removed one by one: drained, kept while a payment is open, then burnt, and nothing of it is left", async () => {
    const { agentIdentifier, registrationId } = story.reported("seller");
    await world.control.addPayment(agentIdentifier, { onChainState: "FundsLocked" });
    world.project.remove("agents/seller.yaml");
    expect(await story.withoutChain(() => story.failure())).toContain(
      "OPEN_PAYMENTS: seller has 1 open payment(s)",
    );
    expect((await story.availability("seller")).status).toBe("unavailable");

    await world.control.clearPayments();
    await story.up();
    expect((await world.service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    expect((await inventory(world.emulator)).filter((line) => line.includes("seller"))).toEqual([]);
    expect(await story.upWithoutChain()).toEqual([]);
    await story.knows("writer");
  });

  it("leave nothing behind when they are destroyed", async () => {
    await world.report("destroy");
    expect((await world.service.rows()).filter(({ state }) => !isOver(state))).toEqual([]);
    expect(await inventory(world.emulator)).toEqual(before);
    expect(changes(await world.report("destroy"))).toEqual([]);
  });
});
