/**
 * Records the runs that the golden tests compare with, on the Pulumi CLI that is on PATH:
 *
 *     node local/engine/test/record.ts plugins|golden|targets
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPulumi, record } from "./helpers/real-pulumi.ts";
import { dynamicSuite, pluginSuite, targetSuite } from "./helpers/suite.ts";

/** Where the program stands on this machine is nobody's concern, and not compared. */
const withoutPlaces = (state: string): string =>
  JSON.stringify(
    JSON.parse(state, (key, value: unknown) =>
      key === "sourcePosition" || key === "stackTrace" ? undefined : value,
    ),
  );

const pulumi = findPulumi();
if (pulumi === undefined) throw new Error("There is no pulumi on PATH to record with.");
const SUITES = { plugins: pluginSuite, golden: dynamicSuite, targets: targetSuite };
const suite = await SUITES[process.argv[2] as keyof typeof SUITES]();
const outcomes = await record(pulumi, suite);
const runs = fileURLToPath(new URL(`fixtures/${suite.folder}/runs/`, import.meta.url));
await mkdir(runs, { recursive: true });
for (const [index, { calls, state }] of outcomes.entries()) {
  const number = String(index).padStart(2, "0");
  await writeFile(join(runs, `${number}.log`), calls.map((call) => `${call}\n`).join(""));
  await writeFile(join(runs, `${number}.json`), withoutPlaces(state));
}
await writeFile(join(runs, "rc.json"), JSON.stringify(outcomes.map(({ exitCode }) => exitCode)));
console.log(
  outcomes.map(({ exitCode }, index) => `${exitCode} ${index} ${suite.steps[index]?.name}`).join("\n"),
);
