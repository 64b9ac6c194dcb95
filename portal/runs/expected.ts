import { queueSeconds } from "../../providers/masumi/service/index.ts";
import { changeAgent, findAgents } from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import type { Outcome } from "./outcome.ts";

/** How many times faster than the real one a chain is: `30`, or `instant`. */
export const speedOf = (chainSpeed: string): number =>
  chainSpeed === "instant" ? Number.POSITIVE_INFINITY : Number(chainSpeed);

/**
 * Returns, for agents that the chain has not confirmed yet, the seconds that this usually takes: each waits for those of the same wallet
 * that were asked for before it.
 *
 * @param outcomes in the order in which they were asked for
 */
export function expectedSeconds(
  outcomes: ReadonlyMap<string, Pick<Outcome, "masumiId" | "wallet">>,
  speed: number,
): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  const expected = new Map<string, number>();
  for (const [id, { masumiId, wallet }] of outcomes) {
    if (masumiId !== "" || !wallet) continue;
    const place = (queues.get(wallet.vkey) ?? 0) + 1;
    queues.set(wallet.vkey, place);
    expected.set(id, queueSeconds(wallet.type, place) / speed);
  }
  return expected;
}

/** Notes when the chain is expected to have the agents that it was asked for. What was said once stays: it is not put off again and again. */
export async function noteExpected(
  database: Database,
  {
    fleet,
    outcomes,
    speed,
  }: {
    readonly fleet: number;
    readonly outcomes: ReadonlyMap<string, Outcome>;
    readonly speed: number;
  },
): Promise<void> {
  const expected = expectedSeconds(outcomes, speed);
  if (expected.size === 0) return;
  for (const { id, state, expectedAt: before } of await findAgents(database, { fleet })) {
    const seconds = expected.get(id);
    if (seconds === undefined || before !== null) continue;
    if (state !== "requested" && state !== "updating") continue;
    const expectedAt = new Date(Date.now() + seconds * 1000);
    await changeAgent(database, id, { expectedAt }, { from: [state] });
  }
}
