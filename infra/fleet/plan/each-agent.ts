import { MasumiError, type OwnRow, marker, ownRows } from "../../../providers/masumi/service/index.ts";
import type { Agent } from "../../declarations/index.ts";
import type { RegisteredUrls } from "../expected-url.ts";
import { type FleetInput, registeredUrls, withMarker } from "../registrations.ts";
import { overProblem } from "./over.ts";
import { assertUnderstood, strayProblems } from "./skipped.ts";
import type { KnownRegistration } from "../state-file.ts";
import { WalletPool } from "../wallets.ts";

/** What is the same for all agents of a stack while they are judged one by one. */
export interface LiveFleet {
  /** The registrations of the stack's owner. */
  readonly own: readonly OwnRow[];
  readonly pool: WalletPool;
  readonly registered: RegisteredUrls;
  /** The registrations that the state has and the service does not list, by agent. */
  readonly unlisted: ReadonlyMap<string, KnownRegistration>;
}

/**
 * Returns the results of `judge` for each agent, in order, and the errors it threw: one agent's problem must not hide those
 * of the others.
 */
export function eachAgent<T>(
  input: FleetInput,
  judge: (agent: Agent, fleet: LiveFleet) => T,
): Pick<LiveFleet, "own" | "registered"> & { readonly results: T[]; readonly problems: MasumiError[] } {
  const { config, agents, survey } = input;
  const own = ownRows(survey.rows, config.owner);
  const registered = registeredUrls(input);
  const fleet = { own, registered, pool: new WalletPool(config), unlisted: unlistedOf(input) };
  const declared = new Set(agents.map(({ id }) => marker(config.owner, id)));
  const removed = own.filter((row) => !declared.has(row.marker));
  const problems = [
    ...strayProblems(input),
    ...removed.flatMap((row) => overProblem(input, row, row.id) ?? []),
  ];
  const results = agents.flatMap((agent) => {
    try {
      assertUnderstood(input, agent);
      assertBelieved(input, agent, own);
      return [judge(agent, fleet)];
    } catch (error) {
      if (!(error instanceof MasumiError)) throw error;
      problems.push(error);
      return [];
    }
  });
  return { results, problems, own, registered };
}

function unlistedOf({ config, survey, known = [] }: FleetInput): Map<string, KnownRegistration> {
  const listed = new Set(survey.rows.map(({ id }) => id));
  const unlisted = known.filter(({ id, network }) => network === config.network && !listed.has(id));
  return new Map(unlisted.map((registration) => [registration.agentId, registration]));
}

/** @throws MasumiError REGISTRY_INCONSISTENT if one of an agent's registrations is shown as over, but cannot be */
function assertBelieved(input: FleetInput, { id }: Agent, own: readonly OwnRow[]): void {
  for (const row of withMarker(own, marker(input.config.owner, id))) {
    const problem = overProblem(input, row, id);
    if (problem) throw problem;
  }
}
