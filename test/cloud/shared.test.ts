/** The life of agents that share one crew service on a Docker engine: a real image, one real container, payments by https. */
import { join } from "node:path";
import axios from "axios";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOver } from "../../providers/masumi/service/index.ts";
import { changes, repository } from "../helpers/project.ts";
import { docker, engineIsRequired, engineIsThere, inspect } from "../image/docker.ts";
import { CREW_WITH_A_PACKAGE, agent, agentInPython } from "./agents.ts";
import { type DockerWorld, PREFIX, startDockerWorld } from "./docker-world.ts";
import { MODEL, disturbedHire, startHire } from "./jobs.ts";
import { type Availability, Story } from "./story.ts";

const left = !engineIsThere && !engineIsRequired;
if (left)
  console.warn(
    "LEFT OUT: the shared crews on Docker do not run, as there is no Docker engine here (docker info).",
  );

const LOGS = join(repository, ".masumi/cloud-logs/shared");
const STEP_MS = 300_000;
const START_MS = 480_000;
const SERVICE = `${PREFIX}-_shared`;

describe.skipIf(left)("agents that share one container", { timeout: STEP_MS }, () => {
  let world: DockerWorld;
  let story: Story;

  beforeAll(async () => {
    world = await startDockerWorld(LOGS, "shared");
    console.info(`Logs of the shared crews on Docker: ${LOGS}`);
    story = new Story(world, async (_id, { url }) => {
      const { data } = await axios.get<Availability>(`${url}/availability`, { timeout: 10_000 });
      return data;
    });
    world.project.write("agents/writer.yaml", agent("Writer"));
    world.project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [2 ADA] }" }));
  }, START_MS);

  afterAll(() => world?.close(), STEP_MS);

  /** Which container it is, and since when it runs: the same as long as nothing restarts it. */
  const container = async () => [await inspect(SERVICE, ".Id"), await inspect(SERVICE, ".State.StartedAt")];
  const filesOf = (id: string) => docker(["exec", "--user=10001:10001", SERVICE, "ls", `/data/agents/${id}`]);

  it(
    "are served by it at paths of their own, registered, and told their identifiers",
    async () => {
      expect(await world.inventory(), "nothing is left of an earlier run").toEqual([]);
      expect(await story.up()).toEqual(
        expect.arrayContaining([
          "create Container _shared",
          "create SharedAgent seller",
          "create SharedAgent writer",
        ]),
      );
      for (const id of ["seller", "writer"]) {
        expect(story.reported(id)).toMatchObject({
          state: "RegistrationConfirmed",
          url: expect.stringMatching(new RegExp(`:\\d+/${id}$`)) as string,
        });
        await story.knows(id);
      }
      const containers = (await world.inventory()).filter((line) => line.startsWith("container"));
      expect(containers).toEqual([`container ${SERVICE}`]);
      expect(await story.upWithoutChain(), "a second up plans nothing").toEqual([]);
    },
    START_MS,
  );

  it("are joined by a third one, for which nothing restarts", async () => {
    const before = await container();
    world.project.write("agents/editor.yaml", agent("Editor"));
    expect((await story.up()).filter((line) => !line.endsWith(" editor"))).toEqual([]);
    expect(await container()).toEqual(before);
    await story.knows("editor");
    expect(await startHire(world, "editor", "fewer words")).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("fewer words") as string,
    });
    expect(await story.upWithoutChain(), "a second up plans nothing").toEqual([]);
  });

  it("change one by one, and nothing restarts or is registered", async () => {
    const before = await container();
    world.project.write("agents/writer.yaml", agent("Writer", { task: "Write friendly notes on {changes}" }));
    expect(await story.upWithoutChain()).toEqual(["update SharedAgent writer"]);
    expect(await container()).toEqual(before);
    await story.knows("writer");
  });

  it("are joined by one with a package of its own, for which nothing restarts either", async () => {
    const before = await container();
    for (const [file, content] of Object.entries(CREW_WITH_A_PACKAGE)) {
      world.project.write(`tables/${file}`, content);
    }
    world.project.write("agents/tables.yaml", agentInPython("Tables", "./tables"));
    await world.run("lock");
    expect((await story.up()).filter((line) => !line.endsWith(" tables"))).toEqual([]);
    expect(await container()).toEqual(before);
    await story.knows("tables");
    expect(await startHire(world, "tables", "fewer rows")).toMatchObject({
      outcome: "result",
      result: expect.stringMatching(/packed by tabulate 0\.8\.10 +fewer rows/) as string,
    });
    const elsewhere = ["exec", SERVICE, "python", "-c", "import tabulate"];
    await expect(docker(elsewhere), "it is that agent's alone").rejects.toThrow("ModuleNotFoundError");
    expect(await story.upWithoutChain(), "a second up plans nothing").toEqual([]);
  });

  it("finish a paid job although the container dies in the midst of it", async () => {
    const restarts = async () => Number(await inspect(SERVICE, ".RestartCount"));
    const before = await restarts();
    const hire = await disturbedHire(world, "seller", async () => {
      process.kill(Number(await inspect(SERVICE, ".State.Pid")), "SIGKILL");
    });
    expect(hire).toMatchObject({
      outcome: "result",
      result: expect.stringContaining("what survives") as string,
    });
    expect(hire.hashRule).not.toBeNull();
    expect(await restarts()).toBe(before + 1);
    for (const id of ["editor", "seller", "tables", "writer"]) await story.knows(id);
  });

  it("tell their operator why a job failed, out of the store that is the agent's own", async () => {
    const fault = { kind: "error-before-write", route: MODEL, status: 500, count: 50 } as const;
    await world.control.setFaults([fault]);
    const failed = await startHire(world, "writer", "what fails").then(
      () => "",
      (error: Error) => error.message,
    );
    await world.control.setFaults([]);
    expect(failed).toContain("HIRE_JOB_FAILED");
    const { stdout } = await world.run("logs", "writer");
    const reference = /job_failed .*\bjob=(\w{16})/.exec(stdout)?.[1] ?? "";
    for (const words of [["writer"], []]) {
      const whole = await world.run("logs", ...words, "--job", reference);
      expect(whole.stdout).toMatch(/ job_failed [^]*\n {2}exception {3}openai\./);
    }
    expect((await world.run("logs", "editor", "--job", reference)).stdout).toBe("");
  });

  it("leave one by one: deregistered, then gone from the container, which goes on", async () => {
    const before = await container();
    const { registrationId } = story.reported("seller");
    world.project.remove("agents/seller.yaml");
    expect((await story.up()).filter((line) => !line.endsWith(" seller"))).toEqual([]);
    expect((await world.service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    await expect(filesOf("seller")).rejects.toThrow("No such file");
    expect(await filesOf("writer")).toContain("crew.json");
    expect(await container()).toEqual(before);
    expect(await story.upWithoutChain(), "a second up plans nothing").toEqual([]);
  });

  it("leave nothing behind when they are destroyed", async () => {
    await world.report("destroy");
    expect((await world.service.rows()).filter(({ state }) => !isOver(state))).toEqual([]);
    expect(await world.inventory()).toEqual([]);
    expect(changes(await world.report("destroy"))).toEqual([]);
  });
});
