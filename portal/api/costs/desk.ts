import { type CostsDocument, readCosts } from "../../../stacks/costs/costs.ts";
import type { Environment } from "../../../stacks/index.ts";
import type { FleetDirectory } from "../../fleets/fleets.ts";

/** What a fleet's agents cost, and when that was read. */
export interface FleetCosts {
  readonly readAt: Date;
  readonly document: CostsDocument;
}

type Read = (fleet: number) => Promise<CostsDocument>;

const KEPT_MS = 60_000;

/**
 * Reads what fleets cost, for whoever looks: once for all who do within a minute, and one fleet after another, as each starts a program beside its
 * crews. Each portal keeps its own answers.
 */
export class CostsDesk {
  readonly #read: Read;
  readonly #kept = new Map<number, { readonly costs: Promise<FleetCosts>; until: number }>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(read: Read) {
    this.#read = read;
  }

  of(fleet: number): Promise<FleetCosts> {
    const kept = this.#kept.get(fleet);
    if (kept && kept.until > performance.now()) return kept.costs;
    const costs = this.#last.then(async () => ({ readAt: new Date(), document: await this.#read(fleet) }));
    const entry = { costs, until: Number.POSITIVE_INFINITY };
    this.#kept.set(fleet, entry);
    this.#last = costs.then(
      () => (entry.until = performance.now() + KEPT_MS),
      () => (entry.until = 0),
    );
    return costs;
  }
}

/** @param env with MASUMI_DATABASE_URL where the crews' usage is in a database */
export const openCosts = (fleets: FleetDirectory, env: Environment): CostsDesk =>
  new CostsDesk((fleet) => readCosts(fleets.projectOf(fleet), { stack: fleets.named(fleet).stack }, { env }));
