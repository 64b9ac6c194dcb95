import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { destroy, preview, refresh, up } from "../index.ts";
import { Crypter } from "../crypto.ts";
import { StateCodec } from "../state/codec.ts";
import { verifyResources } from "../state/verify.ts";
import {
  callsByResource,
  comparableState,
  type GoldenStep,
  withEffect,
  withoutStackOutputs,
} from "./helpers/golden.ts";
import { COMPILE_CACHE, copyProgram } from "./helpers/project.ts";

// Recorded runs of the real CLI, step by step on one stack. The engine must make the same calls to the provider, end the same way and
// leave the same state, for every step.

const GOLDEN = fileURLToPath(new URL("fixtures/golden/", import.meta.url));
const OPERATIONS = { up, preview, refresh, destroy };

// In these steps one resource fails while an independent one is being compared. Which comparisons come first is left to chance in the
// real CLI too, so only calls with an effect count.
const RACING = new Set([
  "create error",
  "init error",
  "check failure preview",
  "check failure up",
  "duplicate urn",
]);

// Here the failure of an update races with the program's registration of the stack's outputs, in the real CLI too.
const RACING_OUTPUTS = new Set(["update error"]);

interface Outcome {
  readonly exitCode: number;
  readonly calls: readonly string[];
  readonly state: string;
}

const read = (path: string): Promise<string> => readFile(join(GOLDEN, path), "utf8");
const steps = JSON.parse(await read("steps.json")) as GoldenStep[];
const exitCodes = JSON.parse(await read("runs/rc.json")) as number[];
const numbered = steps.map((step, index) => ({ ...step, index, number: String(index).padStart(2, "0") }));
const outcomes = new Map<number, Outcome>();
const folders: string[] = [];

/** Runs the steps `from` up to `to` one after the other; the state before the first is the recorded one. */
async function runChain(from: number, to: number): Promise<void> {
  const folder = await copyProgram("golden/program");
  folders.push(folder);
  const stateFile = join(folder, "state/.pulumi/stacks/conf/dev.json");
  const base = await readFile(join(folder, "Pulumi.base.yaml"), "utf8");
  await mkdir(dirname(stateFile), { recursive: true });
  if (from > 0) await copyFile(join(GOLDEN, `runs/${String(from - 1).padStart(2, "0")}.json`), stateFile);
  for (const { index, number, op, cfg, drift } of numbered.slice(from, to)) {
    const config = Object.entries(cfg).map(
      ([key, value]) => `  ${key === "s" ? "conf:s" : key}: ${JSON.stringify(value)}\n`,
    );
    await writeFile(join(folder, "Pulumi.dev.yaml"), `${base.trimEnd()}\n${config.join("")}`);
    const log = join(folder, `${number}.log`);
    await writeFile(log, "");
    if (drift !== undefined) await writeFile(`${log}.drift`, JSON.stringify(drift));
    const { exitCode } = await OPERATIONS[op]({
      projectDir: folder,
      stack: "dev",
      stateRoot: join(folder, "state"),
      passphrase: "x",
      parallel: 1,
      env: { LOGF: log, PULUMI_NODEJS_TRANSPILE_ONLY: "true", NODE_COMPILE_CACHE: COMPILE_CACHE },
    });
    const calls = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
    outcomes.set(index, { exitCode, calls, state: await readFile(stateFile, "utf8") });
  }
}

beforeAll(async () => {
  await Promise.all([runChain(0, 21), runChain(21, steps.length)]);
}, 300_000);

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

describe("the recorded runs of the real CLI", () => {
  it("are all there", () => {
    expect(steps).toHaveLength(44);
    expect(exitCodes).toHaveLength(44);
  });

  it.each(numbered)("$number $name", async ({ index, number, name }) => {
    const outcome = outcomes.get(index);
    if (outcome === undefined) throw new Error("the step did not run");
    expect(outcome.exitCode === 0).toBe(exitCodes[index] === 0);

    const recorded = (await read(`runs/${number}.log`)).split("\n").filter((line) => line !== "");
    const relevant = RACING.has(name) ? withEffect : (calls: readonly string[]) => calls;
    expect(callsByResource(relevant(outcome.calls))).toEqual(callsByResource(relevant(recorded)));
    const comparable = (state: string) =>
      RACING_OUTPUTS.has(name) ? withoutStackOutputs(comparableState(state)) : comparableState(state);
    expect(comparable(outcome.state)).toEqual(comparable(await read(`runs/${number}.json`)));
  });

  it("leaves states in an order that keeps dependencies first", async () => {
    const { salt } = (JSON.parse(outcomes.get(43)?.state ?? "{}") as SaltedState).checkpoint.latest
      .secrets_providers.state;
    const crypter = await Crypter.open("x", salt);
    for (const { state } of outcomes.values()) {
      const { resources = [] } = (JSON.parse(state) as SaltedState).checkpoint.latest;
      const codec = new StateCodec(crypter);
      expect(() => verifyResources(resources.map((resource) => codec.decode(resource)))).not.toThrow();
    }
  });
});

interface SaltedState {
  readonly checkpoint: {
    readonly latest: {
      readonly secrets_providers: { readonly state: { readonly salt: string } };
      readonly resources?: readonly unknown[];
    };
  };
}
