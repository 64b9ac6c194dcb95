import { rm } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { comparable, RACING_OUTPUTS, stackOutputsIn, verifyStates, withoutChance } from "./helpers/golden.ts";
import { findPulumi, record } from "./helpers/real-pulumi.ts";
import {
  dynamicSuite,
  type Outcome,
  pluginSuite,
  recorded,
  type Suite,
  SuiteRun,
  targetSuite,
} from "./helpers/suite.ts";

// Recorded runs of the real CLI, step by step on one stack. The engine must make the same calls to the providers, end the same way and
// leave the same state, for every step. Where a real CLI is on PATH it runs the steps once more, and must still do what was recorded.

const suites = [
  { title: "a dynamic provider", suite: await dynamicSuite(), steps: 44, middle: 21 },
  { title: "targets", suite: await targetSuite(), steps: 17, middle: 9 },
  { title: "provider plugins", suite: await pluginSuite(), steps: 53, middle: 22 },
];

const pulumi = findPulumi();
if (pulumi === undefined) {
  console.warn(
    "\nNo pulumi on PATH: the engine is compared with the recorded runs of the CLI, but whether the CLI still does what was recorded is NOT tried.\n",
  );
}

/** Runs the steps `from` up to `to` one after the other; the state before the first is the recorded one. */
async function runSteps(suite: Suite, from: number, to: number): Promise<Outcome[]> {
  const run = await SuiteRun.start(suite, from);
  try {
    const outcomes: Outcome[] = [];
    for (let index = from; index < to; index += 1) outcomes.push(await run.engineStep(index));
    return outcomes;
  } finally {
    await rm(run.folder, { recursive: true, force: true });
  }
}

describe.each(suites)("the recorded runs of the real CLI with $title", ({ suite, steps, middle }) => {
  const outcomes: Outcome[] = [];
  let records: readonly Outcome[] = [];

  beforeAll(async () => {
    records = await recorded(suite);
    const halves = await Promise.all([
      runSteps(suite, 0, middle),
      runSteps(suite, middle, suite.steps.length),
    ]);
    outcomes.push(...halves.flat());
  }, 1_200_000);

  it("are all there", () => {
    expect(suite.steps).toHaveLength(steps);
    expect(records).toHaveLength(steps);
  });

  it.each(suite.steps.map(({ name }, index) => ({ name, index })))("$index $name", ({ name, index }) => {
    const [outcome, expected] = [outcomes[index], records[index]];
    if (outcome === undefined || expected === undefined) throw new Error("the step did not run");
    expect(comparable(suite, name, outcome)).toEqual(comparable(suite, name, expected));
    const possible = RACING_OUTPUTS.has(name) ? records.slice(index - 1, index + 2) : [expected];
    expect(possible.map((record) => stackOutputsIn(record.state))).toContainEqual(
      stackOutputsIn(outcome.state),
    );
  });

  it("leave states that keep dependencies first", async () => {
    await expect(verifyStates(outcomes.map(({ state }) => state))).resolves.toBeUndefined();
  });
});

describe.skipIf(pulumi === undefined).each(suites)("the real CLI on PATH, with $title", ({ suite }) => {
  it("still does what was recorded", async () => {
    const fresh = await record(pulumi ?? "", suite);
    const expected = await recorded(suite);
    for (const [index, { name }] of suite.steps.entries()) {
      const [outcome, before] = [fresh[index], expected[index]];
      if (outcome === undefined || before === undefined) throw new Error(`step ${index} did not run`);
      const [now, then] = [outcome, before].map((run) => withoutChance(name, comparable(suite, name, run)));
      expect.soft(now, `step ${index}, ${name}`).toEqual(then);
    }
  }, 1_800_000);
});
