import { setTimeout as sleep } from "node:timers/promises";
import axios from "axios";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toUpdateBody } from "../../providers/masumi/service/client/convert.ts";
import { type OwnRow, isOver } from "../../providers/masumi/service/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { type RunReport, TestProject, changes, crewEnvironment } from "../helpers/project.ts";
import { type ServiceUnderTest, startServiceUnderTest, useService } from "../helpers/service-under-test.ts";

/** A free agent on V2 whose crew really runs jobs. */
const writer = (changes: { price?: string; task?: string } = {}) => `
id: writer
name: Release Notes Writer
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

const service: ServiceUnderTest = await startServiceUnderTest();
const PATIENCE = service.patienceMs;

/** What would show any request that reached the chain: rows, their states, contents and identifiers. */
const chainView = (rows: readonly OwnRow[]) =>
  rows.map(({ id, state, agentIdentifier, txHash, listing }) => ({
    id,
    state,
    agentIdentifier,
    txHash,
    listing,
  }));

const live = (rows: readonly OwnRow[]) => rows.filter(({ state }) => !isOver(state));

describe("the life of two agents, from YAML to the chain and back", () => {
  let outside: OutsideAgents;
  let project: TestProject;

  beforeAll(async () => {
    await crewEnvironment();
    outside = await startOutsideAgents();
    project = new TestProject();
    await useService(project, service, { hosting: "process" });
    project.write("agents/writer.yaml", writer());
    project.write("agents/reviewer.yaml", reviewer("5 ADA"));
  }, 300_000);

  afterAll(async () => {
    await project.dispose();
    await service.close();
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

  /** Returns who is paid under which identifier, as the crew says while `work` is done. */
  async function sellersSeen(url: string, work: Promise<unknown>): Promise<string[]> {
    const seen = new Set<string>();
    const done = new AbortController();
    const look = async () => {
      while (!done.signal.aborted) {
        const { data } = await axios
          .get<Record<string, string>>(`${url}/payment_information`)
          .catch(() => ({ data: undefined })); // it is being restarted
        if (data) seen.add(`${data["agentIdentifier"]} ${data["paymentSourceType"]} ${data["sellerVKey"]}`);
        await sleep(100);
      }
    };
    await Promise.all([look(), work.finally(() => done.abort())]);
    return [...seen];
  }

  /** Runs `work` and makes sure that the registry did not notice. */
  async function withoutChain(work: () => Promise<void>): Promise<void> {
    const before = chainView(await service.rows());
    await work();
    expect(chainView(await service.rows())).toEqual(before);
  }

  it(
    "up runs, probes, registers and confirms each agent, and hands it its identifier",
    async () => {
      const report = await up();
      expect(changes(report)).toEqual(
        expect.arrayContaining(["create AgentRegistration reviewer", "create AgentRegistration writer"]),
      );
      const { url, state, agentIdentifier } = agent("writer");
      expect([state, agent("reviewer").state]).toEqual(["RegistrationConfirmed", "RegistrationConfirmed"]);
      const { data } = await axios.get<{ agentIdentifier: string; status: string }>(`${url}/availability`);
      expect(data).toMatchObject({ agentIdentifier, status: "available" });
      const rows = await service.rows();
      expect(rows.map(({ id }) => id).toSorted()).toEqual(
        [agent("writer"), agent("reviewer")].map(({ registrationId }) => registrationId).toSorted(),
      );
    },
    PATIENCE + 60_000,
  );

  it("the free agent does a job", async () => {
    const { url } = agent("writer");
    const started = await axios.post<{ id: string }>(`${url}/start_job`, {
      input_data: { changes: "faster start" },
    });
    const status = async () =>
      (await axios.get<{ status: string }>(`${url}/status`, { params: { job_id: started.data.id } })).data
        .status;
    await expect.poll(status, { timeout: 60_000, interval: 300 }).toBe("completed");
  }, 90_000);

  it("changed crew text restarts the crew and never touches the chain, in preview as in up", async () => {
    await withoutChain(async () => {
      project.write("agents/writer.yaml", writer({ task: "Write friendly release notes for {changes}" }));
      expect(changes(await project.report("preview"))).toEqual(["update CrewProcess writer"]);
      expect(changes(await up())).toEqual(["update CrewProcess writer"]);
    });
  }, 90_000);

  it(
    "a changed V2 price updates in place: the same row, a new identifier, which the crew learns",
    async () => {
      const before = agent("writer");
      project.write("agents/writer.yaml", writer({ price: "{ fixed: [2 ADA] }" }));
      expect(changes(await project.report("preview"))).toContain("update AgentRegistration writer");
      await up();
      const after = agent("writer");
      expect(after.registrationId).toBe(before.registrationId);
      expect(after.agentIdentifier).not.toBe(before.agentIdentifier);
      expect(after.state).toBe("UpdateConfirmed");
      expect(await service.rows()).toHaveLength(2);
      const { data } = await axios.get<{ agentIdentifier: string }>(`${after.url}/availability`);
      expect(data.agentIdentifier).toBe(after.agentIdentifier);
    },
    PATIENCE,
  );

  it(
    "a changed V1 price replaces: registered anew, then the old one deregistered",
    async () => {
      const before = agent("reviewer");
      project.write("agents/reviewer.yaml", reviewer("6 ADA"));
      await up();
      const after = agent("reviewer");
      expect(after.registrationId).not.toBe(before.registrationId);
      expect(after.state).toBe("RegistrationConfirmed");
      expect((await service.row(before.registrationId)).state).toBe("DeregistrationConfirmed");
    },
    PATIENCE,
  );

  it("a renamed file with its id kept changes nothing", async () => {
    await withoutChain(async () => {
      project.write("agents/notes.yaml", project.read("agents/writer.yaml"));
      project.remove("agents/writer.yaml");
      expect(changes(await project.report("up"))).toEqual([]);
    });
  }, 60_000);

  it(
    "drift made elsewhere is found by refresh and put right by up",
    async () => {
      const { registrationId } = agent("writer");
      const row = await service.row(registrationId);
      const listing = { ...row.listing, description: "changed by hand" };
      const wallet = { vkey: row.walletVkey, type: row.type };
      const changed = { ...row, wallet, network: "Preprod", listing } as const;
      await service.client.update(toUpdateBody(changed, row));
      await expect
        .poll(async () => (await service.row(registrationId)).agentIdentifier, {
          timeout: PATIENCE,
          interval: 1_000,
        })
        .not.toBe(row.agentIdentifier);
      const refreshed = await project.report("refresh");
      expect(refreshed.changes["update"], "refresh reports the drift").toBeGreaterThan(0);
      expect(changes(await up())).toContain("update AgentRegistration writer");
      expect((await service.row(registrationId)).listing).toMatchObject({
        description: "Turns a list of changes into release notes.",
      });
    },
    2 * PATIENCE,
  );

  const killCrew = () => {
    const record = JSON.parse(project.read(".masumi/crews/writer/process.json")) as { pid: number };
    process.kill(-record.pid, "SIGKILL");
  };

  it("a crew that died is reported with the remedy, and started again by up, without a word to the chain", async () => {
    await withoutChain(async () => {
      killCrew();
      for (const command of ["status", "plan", "drift"]) {
        const { stdout } = await project.run(command);
        expect(`${command}: ${stdout}`).toMatch(/crew of writer is not running.*npx masumi-agents up/i);
      }
      expect((await project.run("drift")).exitCode).toBe(2);
      expect((await project.run("doctor")).stdout).toMatch(/warn +ports +the crew of writer is not running/);
      const preview = await project.run("preview");
      expect(preview.stdout).toContain("The crew of writer is not running; up starts it again.");
      expect(changes(await up())).toEqual(["update CrewProcess writer"]);
    });
  }, 120_000);

  it("a crew that died is started again by up --refresh, too", async () => {
    await withoutChain(async () => {
      killCrew();
      // The refresh takes the dead one out of the state, the update starts another.
      expect(changes(await up("--refresh"))).toEqual([
        "create CrewProcess writer",
        "delete CrewProcess writer",
      ]);
    });
  }, 90_000);

  it(
    "migrate moves an agent to V2: registered there first, then deregistered on V1, at the same URL",
    async () => {
      const before = agent("reviewer");
      const text = project.read("agents/reviewer.yaml");
      const migrate = (...flags: string[]) => project.run("migrate", "reviewer", "--yes", "--json", ...flags);
      const dry = await migrate("--dry-run");
      expect(JSON.parse(dry.stdout)).toMatchObject({
        changes: ["payment: V2"],
        steps: [
          { action: "register", walletType: "V2" },
          { action: "deregister", walletType: "V1", registrationId: before.registrationId },
        ],
        plan: { problems: [] },
      });
      expect(project.read("agents/reviewer.yaml")).toBe(text);
      await migrate();
      expect(project.read("agents/reviewer.yaml")).toBe(text.replace("payment: V1", "payment: V2"));
      await project.run("migrate", "writer", "--to", "V1", "--yes");
      const moving = agent("writer");
      const seen = await sellersSeen(moving.url, up());
      expect(seen, "the crew restarts for its new wallet before it has the new identifier").toEqual([
        `${moving.agentIdentifier} Web3CardanoV2 ${moving.walletVkey}`,
        `${agent("writer").agentIdentifier} Web3CardanoV1 ${agent("writer").walletVkey}`,
      ]);
      const after = agent("reviewer");
      expect(await service.row(after.registrationId)).toMatchObject({
        type: "V2",
        state: "RegistrationConfirmed",
      });
      expect((await service.row(before.registrationId)).state).toBe("DeregistrationConfirmed");
      expect(after.url).toBe(before.url);
      const again = await migrate();
      expect(again.stderr).toMatch(/^MIGRATION_REFUSED: .*is on V2 already/);
      expect(again.exitCode).toBe(1);
    },
    PATIENCE,
  );

  it(
    "removing a file deregisters its agent and waits for the burn",
    async () => {
      const { registrationId } = agent("reviewer");
      project.remove("agents/reviewer.yaml");
      await up();
      expect((await service.row(registrationId)).state).toBe("DeregistrationConfirmed");
    },
    PATIENCE,
  );

  it(
    "destroy leaves nothing: no live registration, no process",
    async () => {
      const { url } = agent("writer");
      await project.report("destroy");
      expect(live(await service.rows())).toEqual([]);
      await expect(axios.get(`${url}/availability`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(changes(await project.report("destroy"))).toEqual([]);
    },
    PATIENCE,
  );
});
