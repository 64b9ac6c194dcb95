/**
 * `npm run chaos -- --runs N --seed S [--whole-runs M]`: proof that, whatever dies when, there are never two live
 * registrations for one agent, and never a lost row. Kills the provider host in N runs, and `masumi-agents up` as a whole
 * in M runs. Ends with `losses 0`, or with what was lost and exit code 1.
 *
 * --life L sees one life again, --lanes K sets how many go side by side, --standard has no agent of another type of listing, --provider FILE
 * tries another provider.
 */
import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";
import { bundleProvider } from "./host.ts";
import type { Loss } from "./life.ts";
import { cpuSeconds, describeLoss, summary } from "./report.ts";
import { Tally } from "./tally.ts";
import { runWholeCampaign } from "./whole-runs.ts";

const PROGRESS_EVERY_MS = 10_000;
const write = (text: string) => process.stdout.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    "whole-runs": { type: "string", default: "0" },
    seed: { type: "string", default: new Date().toISOString().slice(0, 10) },
    life: { type: "string" },
    lanes: { type: "string" },
    standard: { type: "boolean", default: false },
    provider: { type: "string" },
  },
});
const { seed, provider } = values;
const kinds = values.standard ? (["standard"] as const) : undefined;

function toCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  write(`${text} is not a number of runs`);
  return process.exit(2);
}
const toOptional = (text: string | undefined) => (text === undefined ? undefined : toCount(text));
const [runs, wholeRuns] = [toCount(values.runs), toCount(values["whole-runs"])];
const [life, lanes] = [toOptional(values.life), toOptional(values.lanes)];

let losses = 0;

async function part(
  name: string,
  wanted: number,
  run: (tally: Tally, onRun: (loss: Loss | undefined) => void) => Promise<unknown>,
): Promise<void> {
  if (wanted === 0) return;
  const tally = new Tally();
  const started = performance.now();
  const cpu = cpuSeconds();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  write(`${name}: ${wanted} runs, seed ${seed}`);
  let done = 0;
  let saidAt = 0;
  await run(tally, (loss) => {
    done += 1;
    if (loss) {
      losses += 1;
      write(describeLoss(loss));
    }
    if (performance.now() - saidAt < PROGRESS_EVERY_MS) return;
    saidAt = performance.now();
    write(`  ${done} of ${wanted}, ${seconds()} s, losses ${losses}`);
  });
  tally.add("CPU s", Math.round(cpuSeconds() - cpu));
  tally.add("wall s", seconds());
  write(`\n${summary(name, tally)}`);
}

await part("provider host", runs, async (tally, onRun) => {
  const bundle = await bundleProvider(provider);
  try {
    await runCampaign({ runs, seed, bundle, tally, life, lanes, kinds, onRun });
  } finally {
    bundle.remove();
  }
});
await part("whole runs", wholeRuns, (tally, onRun) =>
  runWholeCampaign({ runs: wholeRuns, seed, tally, life, lanes, kinds, onRun }),
);

write(`losses ${losses}`);
process.exitCode = losses === 0 ? 0 : 1;
