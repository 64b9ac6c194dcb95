/**
 * `npm run bench:profile [-- 100 1000]`: where the CPU time of a run of many agents goes that are registered only (`url:`), by process,
 * from Node's CPU profiles of it. Prints a table; asserts nothing.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatTable } from "../../cli/table.ts";
import { startOutsideAgents } from "../helpers/outside-agents.ts";
import { type CpuProfile, PARTS, roleOf, sharesOf } from "./cpu-shares.ts";
import { type ManyAgents, declareMany } from "./many-agents.ts";

/** Runs `up` under the profiler: a row for each of its processes. */
async function profile({ project }: ManyAgents, agents: number, run: string): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-agents-profile-"));
  project.env["NODE_OPTIONS"] = `--cpu-prof --cpu-prof-dir=${folder}`;
  try {
    await project.report("up");
    const profiles = globSync(join(folder, "*.cpuprofile")).map(
      (file) => JSON.parse(readFileSync(file, "utf8")) as CpuProfile,
    );
    return profiles
      .map((one) => [String(agents), run, roleOf(one), ...cellsOf(one)])
      .toSorted(([, , a = ""], [, , b = ""]) => a.localeCompare(b));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function cellsOf(one: CpuProfile): string[] {
  const shares = sharesOf(one);
  const total = [...shares.values()].reduce((sum, ms) => sum + ms, 0);
  const percents = PARTS.map((part) => `${Math.round((100 * (shares.get(part) ?? 0)) / total)} %`);
  return [(total / 1000).toFixed(1), ...percents];
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1000];
const rows: string[][] = [];
const outside = await startOutsideAgents();
try {
  for (const agents of counts) {
    const many = await declareMany(agents, "instant", outside);
    try {
      rows.push(...(await profile(many, agents, "create")), ...(await profile(many, agents, "no-op")));
    } finally {
      await many.close();
    }
  }
} finally {
  await outside.close();
}
process.stdout.write(formatTable(["agents", "run", "process", "seconds", ...PARTS], rows));
