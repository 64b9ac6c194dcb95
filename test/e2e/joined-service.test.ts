/** Two stacks of one project whose agents one crew service serves: it belongs to the one, and the other's agents come and go. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Project,
  openProject,
  prepareLocalStack,
  readAgentOutputs,
  startSandboxProcess,
  stopSandbox,
} from "../../stacks/index.ts";
import { crewsHere } from "../../stacks/crews.ts";
import { agent } from "../cloud/agents.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";

const OWNER = "local-service";
const JOINED = "local-joined";

describe("a crew service that two stacks share", { timeout: 240_000 }, () => {
  let folder: TestProject;
  let project: Project;

  beforeAll(async () => {
    await crewEnvironment();
    folder = new TestProject();
    // Crews are processes here, which no pipeline may run.
    folder.env["CI"] = "false";
    project = openProject(folder.root);
    await startSandboxProcess(project, { chainSpeed: "instant" });
    await prepare(OWNER, "agents/none", { keep: true });
    await prepare(JOINED, "agents/joined", { of: OWNER });
    folder.write("agents/none/.gitkeep", "");
    folder.write("agents/joined/writer.yaml", agent("Writer"));
  }, 300_000);

  afterAll(async () => {
    await stopSandbox(project);
    await folder.dispose();
  }, 120_000);

  const prepare = (stack: string, agents: string, shared: object) =>
    prepareLocalStack(project, {
      stack,
      settings: {
        "masumi:agents": agents,
        "masumi:hosting": "shared",
        "masumi:shared": JSON.stringify({ on: "process", ...shared }),
      },
    });
  const services = () => crewsHere(project).map(({ agentId, isAlive, pid }) => ({ agentId, isAlive, pid }));
  /** Every run is followed by a second one, which must plan nothing. */
  async function up(stack: string) {
    const steps = changes(await folder.report("up", "--stack", stack));
    expect(changes(await folder.report("up", "--stack", stack)), "a second up plans nothing").toEqual([]);
    return steps;
  }
  async function healthOf(stack: string): Promise<number> {
    const [writer] = await readAgentOutputs(project, stack, { env: {} });
    return (await fetch(`${writer?.url}/availability`)).status;
  }

  it("is there before it has agents, and stays when its last one goes", async () => {
    const steps = await up(OWNER);
    expect(steps).toEqual(expect.arrayContaining(["create SharedProcess _shared"]));
    expect(steps.filter((step) => step.includes("Agent"))).toEqual([]);
    expect(services()).toMatchObject([{ agentId: "_shared", isAlive: true }]);
  });

  it("takes agents of the other stack, which starts none of its own", async () => {
    const before = services();
    const steps = await up(JOINED);
    expect(steps).toEqual(
      expect.arrayContaining(["create SharedAgent writer", "create AgentConfirmation writer"]),
    );
    expect(steps.filter((step) => step.includes("SharedProcess"))).toEqual([]);
    expect(services()).toEqual(before);
    expect(await healthOf(JOINED)).toBe(200);
  });

  it("has no second agent of an id: nothing is spent where the other stack's is registered", async () => {
    folder.write("agents/none/writer.yaml", agent("Another writer"));
    const { exitCode, stdout, stderr } = await folder.run("up", "--stack", OWNER);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/FOREIGN_REGISTRATION: .*\/writer is already registered/);
    expect(await healthOf(JOINED)).toBe(200);
    folder.remove("agents/none/writer.yaml");
    expect(await up(OWNER)).toEqual([]);
  });

  it("goes on when the other stack is destroyed, and ends with its own", async () => {
    const before = services();
    await folder.report("destroy", "--stack", JOINED);
    expect(services()).toEqual(before);
    folder.write("agents/none/writer.yaml", agent("Writer"));
    await up(OWNER);
    await prepare(OWNER, "agents/none", {});
    expect(
      await up(OWNER),
      "whose an agent is, and whether the service stays, is said without a restart",
    ).toEqual(["update SharedAgent writer", "update SharedProcess _shared"]);
    expect(services()).toEqual(before);
    await folder.report("destroy", "--stack", OWNER);
    expect(services()).toEqual([]);
  });
});
