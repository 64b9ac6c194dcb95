import { type AgentRow, type Step, findSteps } from "../database/agents.ts";
import type { Queries } from "../database/database.ts";
import { findAuthors } from "../database/requests.ts";
import type { RunRow } from "../database/runs.ts";
import type { AgentView, RunView } from "./schemas.ts";

interface Reader {
  readonly forOperator?: boolean;
}

/** Returns agents as the API shows them, with their time lines. */
export async function viewsOf(
  queries: Queries,
  agents: readonly AgentRow[],
  { forOperator = false }: Reader = {},
): Promise<AgentView[]> {
  const ids = agents.map(({ id }) => id);
  const steps = Map.groupBy(await findSteps(queries, ids), ({ agentId }) => agentId);
  const authors = forOperator ? await findAuthors(queries, ids) : undefined;
  return agents.map((agent) => ({
    ...shownOf(agent, steps.get(agent.id) ?? []),
    ...(authors === undefined ? {} : { user: agent.userId, userName: authors.get(agent.id) ?? agent.userId }),
  }));
}

/** Returns one agent as the API shows it, with its time line. */
export async function viewOf(queries: Queries, agent: AgentRow, reader?: Reader): Promise<AgentView> {
  const [view = shownOf(agent, [])] = await viewsOf(queries, [agent], reader);
  return view;
}

function shownOf(agent: AgentRow, steps: readonly Step[]): AgentView {
  const { form, shown } = agent;
  return {
    agentId: agent.id,
    masumiId: agent.masumiId,
    name: form.name,
    bio: form.bio,
    description: form.description,
    template: agent.template,
    choices: { ...form.choices },
    state: agent.state,
    problem: agent.problem,
    price: shown.price,
    network: shown.network,
    url: agent.url,
    input: shown.input.map((field) => ({ ...field })),
    ...(shown.disclosure === undefined ? {} : { disclosure: shown.disclosure }),
    ...(shown.listing === undefined ? {} : { listing: shown.listing.type }),
    documents: form.documents.map((document) => ({ ...document })),
    expectedAt: agent.expectedAt?.toISOString() ?? null,
    version: agent.version,
    createdAt: agent.createdAt.toISOString(),
    updatedAt: agent.updatedAt.toISOString(),
    timeline: steps.map(({ step, at, detail }) => ({
      step,
      at: at.toISOString(),
      ...(detail === null ? {} : { detail }),
    })),
  };
}

const CHANGES: readonly (readonly [key: string, word: string])[] = [
  ["create", "created"],
  ["update", "updated"],
  ["replace", "replaced"],
  ["delete", "removed"],
];

/** Returns a run as the API shows it to a customer, whom it does not tell how many other agents changed. */
export function deploymentView(row: RunRow, fleet: string): Omit<RunView, "summary"> {
  const { summary: _ofAll, ...seen } = runView(row, fleet);
  return seen;
}

/** Returns a run as the API shows it to an operator. */
export function runView({ id, commit, startedAt, endedAt, ok, changes }: RunRow, fleet: string): RunView {
  // The first of them says what is counted.
  const counted = CHANGES.flatMap(([key, word]) => {
    const count = changes?.[key];
    return count ? [{ count, word }] : [];
  }).map(({ count, word }, index) => {
    const noun = index > 0 ? "" : count === 1 ? " resource" : " resources";
    return `${count}${noun} ${word}`;
  });
  return {
    id,
    fleet,
    state: endedAt === null ? "running" : ok ? "succeeded" : "failed",
    commit,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    summary: counted.join(", ") || (endedAt === null ? "under way" : "nothing changed"),
  };
}
