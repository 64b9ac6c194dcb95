import type { PGlite } from "@electric-sql/pglite";
import { PgBoss, fromPglite } from "pg-boss";

const QUEUE = "fleets";
/** A job whose runner has not been heard of for so long is given to another one; pg-boss allows no less. */
const HEARTBEAT_SECONDS = 10;
const REFRESH_SECONDS = 3;
const MONITOR_SECONDS = 2;
const POLL_SECONDS = 1;
/** Far longer than any run waits for the chain; what holds a run up for longer needs a person. */
const EXPIRES_SECONDS = 12 * 3600;

/** Which fleets are to be looked at: at most one look waits for a fleet and one is under way, on whatever portal. */
export class FleetQueue {
  readonly #boss: PgBoss;

  constructor(
    where: { readonly url: string | undefined; readonly pglite: PGlite | undefined },
    log: (line: string) => void,
  ) {
    const shared = {
      schema: "portal_queue",
      superviseIntervalSeconds: MONITOR_SECONDS,
      monitorIntervalSeconds: MONITOR_SECONDS,
      registerInstance: false,
      schedule: false,
    };
    this.#boss = new PgBoss(
      where.pglite
        ? { ...shared, backend: "pglite", db: fromPglite(where.pglite) }
        : { ...shared, connectionString: where.url ?? "", application_name: "masumi-agents-portal", max: 4 },
    );
    this.#boss.on("error", (error) => log(`The queue of the fleets: ${error.message}`));
  }

  /** Begins to hand out looks, so many side by side. */
  async start(most: number, look: (fleet: number, signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.#boss.start();
    await this.#boss.createQueue(QUEUE, {
      policy: "stately",
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: EXPIRES_SECONDS,
      retryLimit: 100,
      retryDelay: 1,
      // A look that is done is of no interest any more: what it did is in the runs.
      deleteAfterSeconds: 3600,
    });
    await this.#boss.work<{ fleet: number }>(
      QUEUE,
      {
        localConcurrency: most,
        pollingIntervalSeconds: POLL_SECONDS,
        heartbeatRefreshSeconds: REFRESH_SECONDS,
      },
      async ([job]) => {
        if (job) await look(job.data.fleet, job.signal);
      },
    );
  }

  /** Asks for a look at a fleet; asking again before it has begun changes nothing. */
  async ask(fleet: number): Promise<void> {
    await this.#boss.send(QUEUE, { fleet }, { singletonKey: String(fleet) });
  }

  /** Ends; looks under way are waited for. */
  async stop(withinMs: number): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: withinMs, close: true });
  }
}
