import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type AgentState,
  addAgent,
  changeAgent,
  findAgent,
  findSteps,
} from "../../../portal/database/agents.ts";
import type { Database } from "../../../portal/database/database.ts";
import { fleetOf } from "../../../portal/database/fleets.ts";
import { Progress } from "../../../portal/runs/progress.ts";
import { openNewDatabase } from "../database/ready.ts";

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "masumi-portal-progress-"));
  ({ database } = await openNewDatabase(join(folder, "database")));
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a run with this agent tells: its crew is changed, its registration is, and the chain is waited for. */
async function run(id: string, op: "create" | "update"): Promise<void> {
  const progress = new Progress(database, [id], () => undefined);
  const urnOf = (type: string) => `urn:pulumi:test::fleets::masumi:index:Agent$${type}::${id}`;
  const ended = (type: string) =>
    progress.hear({
      kind: "step-end",
      time: 0,
      ok: true,
      milliseconds: 0,
      step: { step: 1, op, urn: urnOf(type), type, name: id, custom: true },
    });
  ended("pulumi-nodejs:dynamic/masumi:SharedAgent");
  ended("pulumi-nodejs:dynamic/masumi:AgentRegistration");
  progress.hear({
    kind: "diagnostic",
    time: 0,
    severity: "info",
    urn: urnOf("pulumi-nodejs:dynamic/masumi:AgentConfirmation"),
    message: "UpdateInitiated, expected in 2 min",
    ephemeral: true,
  });
  await progress.settled();
}

it.each<[AgentState, "create" | "update", AgentState]>([
  ["declared", "create", "requested"],
  ["updating", "update", "updating"],
])("a run tells each step of an agent that is %s, and its state is then right", async (state, op, after) => {
  const id = `agent-${state}`;
  await database.transaction(async (queries) => {
    const fleet = await fleetOf(queries, "anna", 100);
    const form = { name: id, bio: "", description: "", documents: [] };
    const shown = { price: "free", network: "Preprod", input: [] };
    await addAgent(queries, { id, userId: "anna", fleet, template: "t", form, shown });
    await changeAgent(queries, id, { state });
  });
  await run(id, op);
  expect((await findSteps(database, [id])).map(({ step }) => step)).toEqual([
    "accepted",
    "running",
    "requested",
    "onChain",
  ]);
  expect(await findAgent(database, id)).toMatchObject({ state: after });
});
