import { availableParallelism } from "node:os";
import type { ListingType } from "../../providers/masumi/service/index.ts";
import { startOutsideAgents } from "../helpers/outside-agents.ts";
import { type Bundle, HostPool } from "./host.ts";
import { Life, type Loss } from "./life.ts";
import type { Tally } from "./tally.ts";

/** Runs of one life: the first registers its agents, each of the others changes something. */
export const RUNS_PER_LIFE = 6;

/** Lives wait far more than they compute. */
const LANES = 5 * availableParallelism();

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: string;
  readonly bundle: Bundle;
  readonly tally: Tally;
  /** Only this life, to see a loss again. */
  readonly life?: number | undefined;
  /** Lives side by side. */
  readonly lanes?: number | undefined;
  /** Types of listings that agents may have. @default all */
  readonly kinds?: readonly ListingType[] | undefined;
  readonly onRun?: (loss: Loss | undefined) => void;
}

/** Kills provider hosts in as many runs as asked for, and returns what was lost. */
export async function runCampaign(options: CampaignOptions): Promise<Loss[]> {
  const { runs, seed, bundle, tally, life: only, kinds, onRun } = options;
  const lanes = only === undefined ? (options.lanes ?? LANES) : 1;
  const agents = await startOutsideAgents();
  const pool = new HostPool(bundle, 2);
  const losses: Loss[] = [];
  let begun = 0;
  let index = only ?? 0;
  const lane = async () => {
    while (begun < runs) {
      const length = Math.min(RUNS_PER_LIFE, runs - begun);
      begun += length;
      const life = await Life.start({ seed, index: index++, pool, agentsUrl: agents.url, tally, kinds });
      try {
        for (let run = 0, loss: Loss | undefined; run < length && !loss; run += 1) {
          loss = await life.run();
          if (loss) losses.push(loss);
          onRun?.(loss);
        }
      } finally {
        await life.end();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await pool.close();
    await agents.close();
  }
  tally.add("hosts started", pool.started);
  return losses;
}
