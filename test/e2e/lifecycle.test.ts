import { afterAll, beforeAll, describe, expect, it } from "vitest";
import axios from "axios";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { type RunReport, TestProject, changes, crewEnvironment } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

/** A free agent on V2 whose crew really runs jobs. */
const writer = (changes: { price?: string; task?: string } = {}) => `
id: writer
name: Release Notes Writer
description: Turns a list of changes into release notes.
capability: { name: release-notes, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
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

describe("the life of two agents, from YAML to the chain and back", () => {
  let outside: OutsideAgents;
  let project: TestProject;
  let sandbox: RunningSandbox;
  let control: SandboxControl;

  beforeAll(async () => {
    await crewEnvironment();
    outside = await startOutsideAgents();
    sandbox = await startSandbox({ chainSpeed: 200 });
    control = new SandboxControl(sandbox.url);
    project = new TestProject();
    project.useSandbox(sandbox.url);
    project.write("agents/writer.yaml", writer());
    project.write("agents/reviewer.yaml", reviewer("5 tUSDM"));
  }, 300_000);

  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
    await outside.close();
  }, 120_000);

  /** A priced agent on V1 that runs elsewhere: there a change of price is a new registration. */
  const reviewer = (price: string) => outsideAgent("Reviewer", outside.url, { payment: "V1", price });

  let latest: RunReport;

  /** Every step of a life is followed by a second run, which must plan nothing. */
  async function up(...flags: string[]): Promise<RunReport> {
    latest = await project.report("up", ...flags);
    const second = await project.report("up");
    expect(changes(second), "a second up plans nothing").toEqual([]);
    return latest;
  }
  /** The agent as the latest up left it. */
  const agent = (id: string) => {
    const found = latest.outputs.agents?.agents[id];
    if (!found) throw new Error(`no output for ${id}`);
    return found;
  };

  it("up runs, probes, registers and confirms each agent, and hands it its identifier", async () => {
    const report = await up();
    expect(changes(report)).toEqual(
      expect.arrayContaining(["create AgentRegistration reviewer", "create AgentRegistration writer"]),
    );
    const { url, state, agentIdentifier } = agent("writer");
    expect([state, agent("reviewer").state]).toEqual(["RegistrationConfirmed", "RegistrationConfirmed"]);
    const { data } = await axios.get<{ agentIdentifier: string; status: string }>(`${url}/availability`);
    expect(data).toMatchObject({ agentIdentifier, status: "available" });
    expect(await control.posts("/registry")).toBe(2);
  }, 180_000);

  it("the free agent does a job", async () => {
    const { url } = agent("writer");
    const started = await axios.post<{ id: string }>(`${url}/start_job`, {
      input_data: { changes: "faster start" },
    });
    await expect
      .poll(
        async () =>
          (await axios.get<{ status: string }>(`${url}/status`, { params: { job_id: started.data.id } })).data
            .status,
        { timeout: 60_000, interval: 300 },
      )
      .toBe("completed");
  }, 90_000);

  it("changed crew text restarts the crew and never touches the chain, in preview as in up", async () => {
    await control.resetRequests();
    project.write("agents/writer.yaml", writer({ task: "Write friendly release notes for {changes}" }));
    expect(changes(await project.report("preview"))).toEqual(["update CrewProcess writer"]);
    expect(changes(await up())).toEqual(["update CrewProcess writer"]);
    expect(await control.chainRequests()).toBe(0);
  }, 90_000);

  it("a changed V2 price updates in place: the same row, a new identifier, which the crew learns", async () => {
    const before = agent("writer");
    await control.resetRequests();
    project.write("agents/writer.yaml", writer({ price: "{ fixed: [2 tUSDM] }" }));
    expect(changes(await project.report("preview"))).toContain("update AgentRegistration writer");
    await up();
    const after = agent("writer");
    expect(after.registrationId).toBe(before.registrationId);
    expect(after.agentIdentifier).not.toBe(before.agentIdentifier);
    expect(after.state).toBe("UpdateConfirmed");
    expect(await control.posts("/registry/update")).toBe(1);
    expect(await control.posts("/registry")).toBe(0);
    const { data } = await axios.get<{ agentIdentifier: string }>(`${after.url}/availability`);
    expect(data.agentIdentifier).toBe(after.agentIdentifier);
  }, 120_000);

  it("a changed V1 price replaces: registered anew, then the old one deregistered", async () => {
    const before = agent("reviewer");
    project.write("agents/reviewer.yaml", reviewer("6 tUSDM"));
    await up();
    const after = agent("reviewer");
    expect(after.registrationId).not.toBe(before.registrationId);
    expect(after.state).toBe("RegistrationConfirmed");
    expect(await control.state(before.registrationId)).toBe("DeregistrationConfirmed");
  }, 120_000);

  it("a renamed file with its id kept changes nothing", async () => {
    await control.resetRequests();
    project.write("agents/notes.yaml", project.read("agents/writer.yaml"));
    project.remove("agents/writer.yaml");
    expect(changes(await project.report("up"))).toEqual([]);
    expect(await control.chainRequests()).toBe(0);
  }, 60_000);

  it("drift made elsewhere is found by refresh and put right by up", async () => {
    const { registrationId } = agent("writer");
    await control.patchRow(registrationId, { description: "changed by hand" });
    const refreshed = await project.report("refresh");
    expect(refreshed.changes["update"], "refresh reports the drift").toBeGreaterThan(0);
    const report = await up();
    expect(changes(report)).toContain("update AgentRegistration writer");
    expect(await control.row(registrationId)).toMatchObject({
      description: "Turns a list of changes into release notes.",
    });
  }, 120_000);

  it("a crew that died is started again by up --refresh, without a word to the chain", async () => {
    await control.resetRequests();
    const record = JSON.parse(project.read(".masumi/crews/writer/process.json")) as { pid: number };
    process.kill(-record.pid, "SIGKILL");
    // The refresh takes the dead one out of the state, the update starts another.
    expect(changes(await up("--refresh"))).toEqual([
      "create CrewProcess writer",
      "delete CrewProcess writer",
    ]);
    expect(await control.chainRequests()).toBe(0);
  }, 90_000);

  it("removing a file deregisters its agent and waits for the burn", async () => {
    const { registrationId } = agent("reviewer");
    project.remove("agents/reviewer.yaml");
    await up();
    expect(await control.state(registrationId)).toBe("DeregistrationConfirmed");
  }, 120_000);

  it("destroy leaves nothing: no live registration, no process", async () => {
    const { url } = agent("writer");
    await project.report("destroy");
    expect((await control.rows()).filter(({ state }) => state !== "DeregistrationConfirmed")).toEqual([]);
    await expect(axios.get(`${url}/availability`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(changes(await project.report("destroy"))).toEqual([]);
  }, 120_000);
});
