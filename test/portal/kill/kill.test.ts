import { expect, it } from "vitest";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { killPortals } from "./kill.ts";

/** Each takes some twenty seconds; `npm run portal:kill` does 200. */
const KILLS = 3;
const WITHIN_MS = 900_000;

it.skipIf(!postgresIsThere)(
  "whichever of two portals is killed when, all that was accepted ends as declared, registered once and committed once",
  async () => {
    const said: string[] = [];
    const { faults, accepted } = await killPortals({ kills: KILLS, seed: 7, say: (line) => said.push(line) });
    expect({ faults, said: faults.length > 0 ? said : [] }).toEqual({ faults: [], said: [] });
    expect(accepted).toBeGreaterThan(0);
  },
  WITHIN_MS,
);
