/** The life of agents that share one crew service, as a process of this machine: none of them ever restarts it. */
import axios from "axios";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOver } from "../../providers/masumi/service/index.ts";
import { agent } from "../cloud/agents.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";
import { type ServiceUnderTest, startServiceUnderTest, useService } from "../helpers/service-under-test.ts";

const service: ServiceUnderTest = await startServiceUnderTest();
const PATIENCE = 2 * service.patienceMs + 240_000;

const FAILING = `from crewai import Agent, Crew, Task


def check(output):
    raise ValueError("not to anybody's taste")


def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    task = Task(name="cooking", description="Cook {changes}", expected_output="Text", agent=cook, callback=check)
    return Crew(agents=[cook], tasks=[task])
`;

describe("agents that share a crew service", { timeout: PATIENCE }, () => {
  let project: TestProject;

  beforeAll(async () => {
    await crewEnvironment();
    project = new TestProject();
    // One of them asks for a process, which no pipeline may run.
    project.env["CI"] = "false";
    await useService(project, service, { hosting: "shared", shared: '{ "on": "process", "code": true }' });
    project.write("agents/editor.yaml", agent("Editor"));
    project.write("agents/writer.yaml", agent("Writer"));
  }, 300_000);

  afterAll(async () => {
    await project.dispose();
    await service.close();
  }, 120_000);

  const record = () => JSON.parse(project.read(".masumi/crews/_shared/process.json")) as { pid: number };
  const reported: Record<string, { url: string; agentIdentifier: string; registrationId: string }> = {};

  /** Every step is followed by a second run, which must plan nothing. */
  async function up(): Promise<string[]> {
    const report = await project.report("up");
    Object.assign(reported, report.outputs.agents?.agents);
    expect(changes(await project.report("up")), "a second up plans nothing").toEqual([]);
    return changes(report);
  }
  const urlOf = (id: string) => reported[id]?.url ?? "";
  const availability = async (id: string) =>
    (await axios.get<{ agentIdentifier?: string; status: string }>(`${urlOf(id)}/availability`)).data;

  async function work(id: string, end = "completed"): Promise<void> {
    const { data } = await axios.post<{ id: string }>(`${urlOf(id)}/start_job`, {
      input_data: { changes: "faster start" },
    });
    const status = async () =>
      (await axios.get<{ status: string }>(`${urlOf(id)}/status`, { params: { job_id: data.id } })).data
        .status;
    await expect.poll(status, { timeout: 60_000, interval: 300 }).toBe(end);
  }

  it("are each registered at a path of the one service, and told their own identifiers", async () => {
    expect(await up()).toEqual(
      expect.arrayContaining([
        "create SharedAgent editor",
        "create SharedAgent writer",
        "create SharedProcess _shared",
      ]),
    );
    const [editor, writer] = ["editor", "writer"].map((id) => new URL(urlOf(id)));
    expect([editor?.pathname, writer?.pathname]).toEqual(["/editor", "/writer"]);
    expect(editor?.host).toBe(writer?.host);
    for (const id of ["editor", "writer"]) {
      await expect
        .poll(() => availability(id), { timeout: 30_000 })
        .toMatchObject({ status: "available", agentIdentifier: reported[id]?.agentIdentifier });
    }
    await Promise.all([work("editor"), work("writer")]);
  });

  it("are joined by a third one, and only that one is touched", async () => {
    const { pid } = record();
    project.write("agents/seller.yaml", agent("Seller", { price: "{ fixed: [2 ADA] }" }));
    const planned = changes(await project.report("preview"));
    expect(planned).toContain("create SharedAgent seller");
    expect(planned.filter((line) => !line.endsWith(" seller"))).toEqual([]);
    expect((await up()).filter((line) => !line.endsWith(" seller"))).toEqual([]);
    expect(record().pid).toBe(pid);
    await work("writer");
  });

  it("change one by one, at the same place and without a word to the chain", async () => {
    const { pid } = record();
    const before = await service.rows();
    project.write("agents/writer.yaml", agent("Writer", { task: "Write friendly notes on {changes}" }));
    expect(await up()).toEqual(["update SharedAgent writer"]);
    expect(record().pid).toBe(pid);
    expect(await service.rows()).toEqual(before);
    await work("writer");
  });

  it("are found again by a refresh", async () => {
    const refreshed = await project.report("refresh");
    expect(changes(refreshed)).toEqual([]);
    expect(await up()).toEqual([]);
  });

  it("are told of by status, and each by its own log", async () => {
    const { stdout } = await project.run("status");
    expect(stdout).toMatch(/editor[^]*seller[^]*writer/);
    const log = await project.run("logs", "writer");
    expect(log.exitCode).toBe(0);
    expect(log.stdout.match(/agent_added/g), "nobody else's lines").toHaveLength(1);
    expect(log.stdout).toContain("crew_changed");
  });

  it("tell their operator why a job failed, out of the store that is the agent's own", async () => {
    project.write("crews/kitchen/crew.py", FAILING);
    project.write("agents/kitchen.yaml", agent("Kitchen").replace(/^crew:[^]*/m, "build: crews/kitchen\n"));
    expect((await up()).filter((line) => !line.endsWith(" kitchen"))).toEqual([]);
    await work("kitchen", "failed");
    const { stdout } = await project.run("logs", "kitchen");
    const reference = /job_failed .*\bjob=(\w{16})/.exec(stdout)?.[1] ?? "";
    expect(stdout).not.toContain("anybody's taste");
    for (const words of [["kitchen"], []]) {
      const whole = await project.run("logs", ...words, "--job", reference);
      expect(whole.stdout).toMatch(
        / job_failed [^]*\n {2}exception {3}builtins\.ValueError: not to anybody's taste\n/,
      );
      expect(whole.stdout).toContain("\n  at          crew.py:5 in check\n");
    }
    expect((await project.run("logs", "writer", "--job", reference)).stdout).toBe("");
  });

  it("are all there again after the service died, without a word to the chain", async () => {
    const before = await service.rows();
    process.kill(-record().pid, "SIGKILL");
    for (const command of ["status", "plan", "drift"]) {
      expect((await project.run(command)).stdout).toContain("The shared crew service is not running.");
    }
    expect((await project.run("doctor")).stdout).toMatch(
      /warn +ports +the shared crew service is not running/,
    );
    expect(await up()).toEqual(["update SharedProcess _shared"]);
    expect(await service.rows()).toEqual(before);
    await expect
      .poll(() => availability("writer"), { timeout: 60_000 })
      .toMatchObject({ status: "available" });
    await work("writer");
  });

  it("leave one by one: deregistered, then gone from the service, which goes on", async () => {
    const { pid } = record();
    const { registrationId } = reported["editor"] ?? { registrationId: "" };
    project.remove("agents/editor.yaml");
    const done = await up();
    expect(done).toContain("delete SharedAgent editor");
    expect(done.filter((line) => !line.endsWith(" editor"))).toEqual([]);
    expect((await service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    expect(record().pid).toBe(pid);
    await work("writer");
  });

  it("become one with a process of its own: its V2 registration is updated to the new URL", async () => {
    const { registrationId } = reported["writer"] ?? { registrationId: "" };
    await project.run("config", "set", "masumi:hostings", '["process"]');
    project.write("agents/writer.yaml", agent("Writer", { more: "hosting: process" }));
    const planned = changes(await project.report("preview"));
    expect(planned).toContain("update AgentRegistration writer");
    expect(planned).toContain("create CrewProcess writer");
    await up();
    expect(reported["writer"]).toMatchObject({
      registrationId,
      url: expect.stringMatching(/:\d+$/) as string,
    });
  });

  it("are gone after destroy: no live registration, no process, no file", async () => {
    await project.report("destroy");
    expect((await service.rows()).filter(({ state }) => !isOver(state))).toEqual([]);
    await expect(availability("seller")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(() => project.read(".masumi/crews/_shared/agents/seller/crew.json")).toThrow("ENOENT");
    expect(changes(await project.report("destroy"))).toEqual([]);
  });
});
