import { parseArgs } from "node:util";
import { killPortals } from "./kill.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const started = Date.now();
const { faults, accepted } = await killPortals({
  kills: Number(values.kills),
  seed: Number(values.seed),
  say: (line) => console.error(`${((Date.now() - started) / 1000).toFixed(1)} s: ${line}`),
});
console.log(JSON.stringify({ kills: Number(values.kills), seed: Number(values.seed), accepted, faults }));
process.exitCode = faults.length === 0 ? 0 : 1;
