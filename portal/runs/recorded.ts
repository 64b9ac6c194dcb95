import { sha256 } from "../../providers/common/sha256.ts";
import type { AgentRow, AgentState } from "../database/agents.ts";
import { changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import { type DeployedRecord, deployedRecords } from "../database/records.ts";
import { newestDeclarations } from "../database/requests.ts";
import { noteDeregistered, noteRegistered } from "./outcome.ts";

/** What comes before the network knows of an agent. */
const BEFORE_STARTING: readonly AgentState[] = ["accepted", "declared", "failed"];

/** An agent that left before any run began with it has no row; a run that did begin would have written one by then. */
const LEFT_WITHOUT_ROW_MS = 24 * 3_600_000;

/**
 * Notes what runs elsewhere have come to, from the table of agents that they write (masumi:records): a run is through with an agent when the
 * row has the digest of its newest declaration.
 */
export async function noteRecorded(
  database: Database,
  { network, stackOf }: { readonly network: string; readonly stackOf: (fleet: number) => string },
): Promise<void> {
  const agents = (await findAgents(database, {})).filter(({ state }) => state !== "deregistered");
  if (agents.length === 0) return;
  const ids = agents.map(({ id }) => id);
  const records = await deployedRecords(database, network, ids);
  const declarations = await newestDeclarations(database, ids);
  for (const agent of agents) {
    const declaration = declarations.get(agent.id);
    // What is not committed yet cannot be deployed.
    if (declaration === undefined) continue;
    const record = records.get(agent.id);
    // Another stack's agent of that id is nobody's here.
    const own = record?.stack === stackOf(agent.fleet) ? record : undefined;
    await note(database, agent, { record: own, declaration });
  }
}

async function note(
  database: Database,
  agent: AgentRow,
  {
    record,
    declaration,
  }: { readonly record: DeployedRecord | undefined; readonly declaration: string | null },
): Promise<void> {
  if (declaration === null) {
    const isOver = Date.now() - agent.updatedAt.getTime() > LEFT_WITHOUT_ROW_MS;
    if (record ? record.state === "deregistered" : isOver) await noteDeregistered(database, agent);
    return;
  }
  if (!record || record.state === "deregistered" || agent.state === "leaving") return;
  const { state, apiUrl: url, masumiId, declared } = record;
  if (state === "registered" && masumiId && declared === sha256(declaration)) {
    await noteRegistered(database, agent, { url, masumiId });
  } else if (BEFORE_STARTING.includes(agent.state)) {
    await changeAgent(database, agent.id, { state: "starting", problem: null }, { from: BEFORE_STARTING });
  }
}
