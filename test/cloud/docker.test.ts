/** The life of two agents on a Docker engine: real images, real containers, a payment service by https. */
import { join } from "node:path";
import axios from "axios";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOver } from "../../providers/masumi/service/index.ts";
import type { CostsDocument } from "../../stacks/costs/costs.ts";
import { changes, repository } from "../helpers/project.ts";
import { docker, engineIsRequired, engineIsThere, inspect } from "../image/docker.ts";
import { agent } from "./agents.ts";
import { type DockerWorld, PREFIX, START_RATE, startDockerWorld } from "./docker-world.ts";
import { disturbedHire, startHire } from "./jobs.ts";
import { type Availability, Story, builtFrom, writeBroken } from "./story.ts";

const left = !engineIsThere && !engineIsRequired;
if (left)
  console.warn(
    "LEFT OUT: the stack on Docker does not run, as there is no Docker engine here (docker info).",
  );

const LOGS = join(repository, ".masumi/cloud-logs/docker");
const STEP_MS = 300_000;
const START_MS = 480_000;
const PRICE = "{ fixed: [2 ADA] }";

/** Says whether an address can be connected to. */
const CONNECT = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("reached")
except OSError:
    print("not reached")
`;

describe.skipIf(left)("two agents on Docker", { timeout: STEP_MS }, () => {
  let world: DockerWorld;
  let story: Story;

  beforeAll(async () => {
    world = await startDockerWorld(LOGS);
    console.info(`Logs of the stack on Docker: ${LOGS}`);
    story = new Story(world, async (_id, { url }) => {
      const { data } = await axios.get<Availability>(`${url}/availability`, { timeout: 10_000 });
      return data;
    });
    world.project.write("agents/writer.yaml", agent("Writer"));
    world.project.write("agents/seller.yaml", agent("Seller", { price: PRICE }));
  }, START_MS);

  afterAll(() => world?.close(), STEP_MS);

  const containerOf = async (id: string) => String(await inspect(`${PREFIX}-${id}`, ".Id"));
  const friendly = agent("Writer", { task: "Write friendly notes on {changes}" });

  it(
    "are built, run, probed, registered, and told their identifiers by a file on their volumes",
    async () => {
      expect(await world.inventory(), "nothing is left of an earlier run").toEqual([]);
      expect(await story.up()).toEqual(
        expect.arrayContaining(["create AgentRegistration seller", "create Container writer"]),
      );
      for (const id of ["seller", "writer"]) {
        expect(story.reported(id)).toMatchObject({ state: "RegistrationConfirmed" });
        await story.knows(id);
        const file = await docker(["exec", `${PREFIX}-${id}`, "cat", "/data/identity.json"]);
        const { agentIdentifier, walletVkey } = story.reported(id);
        expect(JSON.parse(file)).toEqual({
          agentIdentifier,
          paymentSourceType: "V2",
          sellerVkey: walletVkey,
          draining: false,
        });
      }
    },
    START_MS,
  );

  it("are left alone by a second run", async () => {
    expect(await story.upWithoutChain()).toEqual([]);
  });

  it("have networks of their own: neither reaches the other, nor what it tells its operator", async () => {
    const addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const addressOf = (id: string) => docker(["inspect", "--format", addresses, `${PREFIX}-${id}`]);
    const reaches = (address: string, port: number) =>
      docker(["exec", `${PREFIX}-writer`, "python", "-c", CONNECT, address, String(port)]);
    expect(await reaches(await addressOf("writer"), 8000)).toBe("reached");
    const other = await addressOf("seller");
    for (const port of [8000, 9090]) expect(await reaches(other, port)).toBe("not reached");
  });

  it("know how long to keep results, and count clients by what the proxy in front says", async () => {
    const environment = (await inspect(`${PREFIX}-writer`, ".Config.Env")) as string[];
    expect(environment).toEqual(
      expect.arrayContaining(["KEEP_DAYS=7", "PROXY_HOPS=1", `START_RATE=${START_RATE}`]),
    );
    const { url } = story.reported("writer");
    const ask = async (client: string) => {
      const headers = { "X-Forwarded-For": `192.0.2.1, ${client}` };
      // It is no job for this agent: only whether it is looked at counts.
      const options = { headers, timeout: 10_000, validateStatus: () => true };
      return (await axios.post(`${url}/start_job`, { input_data: {} }, options)).status;
    };
    const answers = await Promise.all(Array.from({ length: 2 * START_RATE }, () => ask("203.0.113.7")));
    const admitted = answers.filter((status) => status !== 429).length;
    expect(admitted).toBeGreaterThanOrEqual(START_RATE);
    expect(admitted).toBeLessThan(answers.length);
    expect(await ask("203.0.113.8")).not.toBe(429);
  });

  it("can be hired: one for money, one for nothing", async () => {
    const [paid, free] = await Promise.all([
      startHire(world, "seller", "faster start"),
      startHire(world, "writer", "fewer words"),
    ]);
    expect(paid).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("faster start") as string,
    });
    expect(paid.hashRule).not.toBeNull();
    expect(free).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("fewer words") as string,
    });
  });

  it("have what they used and how long they ran read beside their runtimes", async () => {
    const { stdout } = await world.project.run("costs", "--json");
    const { rows, unread } = JSON.parse(stdout) as CostsDocument;
    expect(unread).toEqual([]);
    for (const id of ["seller", "writer"]) {
      const row = rows.find(({ agent: one }) => one === id);
      expect(row?.models[0]?.inputTokens).toBeGreaterThan(0);
      expect(row?.time.jobSeconds).toBeGreaterThan(0);
      expect(row?.time.containerSeconds).toBeGreaterThanOrEqual(row?.time.jobSeconds ?? Infinity);
    }
  });

  it("finish a paid job although their container dies in the midst of it", async () => {
    const restarts = async () => Number(await inspect(`${PREFIX}-seller`, ".RestartCount"));
    const before = await restarts();
    const hire = await disturbedHire(world, "seller", async () => {
      process.kill(Number(await inspect(`${PREFIX}-seller`, ".State.Pid")), "SIGKILL");
    });
    expect(hire).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("what survives") as string,
    });
    expect(await restarts()).toBe(before + 1);
  });

  it("have one container replaced when one crew's text changes, and nothing is registered", async () => {
    const [seller, writer] = await Promise.all([containerOf("seller"), containerOf("writer")]);
    world.project.write("agents/writer.yaml", friendly);
    const changed = await story.upWithoutChain();
    expect(changed.filter((line) => !line.endsWith(" writer"))).toEqual([]);
    expect(changed).toContain("replace Container writer");
    expect(await containerOf("seller")).toBe(seller);
    expect(await containerOf("writer")).not.toBe(writer);
    await story.knows("writer");
    expect(await story.upWithoutChain()).toEqual([]);
  });

  it("that do not come up say why, and their registrations are left alone", async () => {
    writeBroken(world, "broken");
    world.project.write("agents/writer.yaml", builtFrom("broken", friendly));
    const said = await story.withoutChain(() => story.failure());
    expect(said).toMatch(/DOCKER_CREW_NOT_UP: writer .*exited with code 3[^]*no paper left/);
    world.project.write("agents/writer.yaml", friendly);
  });

  it("are put right by the next run; a changed price updates in place, and the container reports the new identifier", async () => {
    const before = story.reported("seller");
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [3 ADA] }" }));
    expect(await story.up()).toEqual(
      expect.arrayContaining([
        "replace Container seller",
        "replace Container writer",
        "update AgentRegistration seller",
      ]),
    );
    expect(story.reported("seller").registrationId).toBe(before.registrationId);
    expect(story.reported("seller").agentIdentifier).not.toBe(before.agentIdentifier);
    await story.knows("seller");
    await story.knows("writer");
    expect(await story.upWithoutChain()).toEqual([]);
    const images = (await world.inventory()).filter((line) => line.startsWith("image"));
    expect(images, "one for each crew, and what they share").toHaveLength(3);
  });

  it("are kept while a customer's payment is open; then nothing of a removed one is left", async () => {
    const { registrationId, agentIdentifier } = story.reported("seller");
    const payment = await world.control.addPayment(agentIdentifier, { onChainState: "FundsLocked" });
    world.project.remove("agents/seller.yaml");
    expect(await story.withoutChain(() => story.failure())).toMatch(/OPEN_PAYMENTS: seller/);
    expect(await story.availability("seller")).toMatchObject({ status: "unavailable" });

    await world.control.patchPayment(payment, { onChainState: "Withdrawn" });
    await story.up();
    expect((await world.service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    expect((await world.inventory()).filter((line) => line.includes("seller"))).toEqual([]);
    await story.knows("writer");
  });

  it("leave nothing behind when they are destroyed", async () => {
    await world.report("destroy");
    expect((await world.service.rows()).filter(({ state }) => !isOver(state))).toEqual([]);
    expect(await world.inventory()).toEqual([]);
    expect(changes(await world.report("destroy"))).toEqual([]);
  });
});
