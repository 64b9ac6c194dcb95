import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { MasumiClient, isLive, readRows } from "../../providers/masumi/service/index.ts";
import {
  type RunRequest,
  type RunResult,
  openProject,
  readAgentOutputs,
  runStack,
} from "../../stacks/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let folder: TestProject;

beforeAll(async () => {
  outside = await startOutsideAgents();
  sandbox = await startSandbox({ chainSpeed: "instant" });
  folder = new TestProject();
  folder.useSandbox(sandbox.url);
});

afterAll(async () => {
  await folder.dispose();
  await sandbox.close();
  await outside.close();
});

const declare = (name: string, changes: { price?: string; payment?: string } = {}) =>
  folder.write(`agents/${name.toLowerCase()}.yaml`, outsideAgent(name, outside.url, changes));

interface Ran extends RunResult {
  /** Every message that is no debug message. */
  readonly said: string;
}

async function run(operation: RunRequest["operation"], targets: readonly string[] = []): Promise<Ran> {
  const project = openProject(folder.root);
  const { result } = await runStack(
    project,
    { stack: "local", operation, targets },
    { env: {}, onEvent: () => undefined },
  );
  if (!result) throw new Error("the local stack runs on the embedded engine");
  return { ...result, said: result.diagnostics.map(({ message }) => message).join("\n") };
}

/** The names of the agents that are live on the chain. */
async function registered(): Promise<string[]> {
  const client = new MasumiClient({ url: `${sandbox.url}/api/v1`, token: "sandbox-read-key" });
  const rows = await readRows(client, { network: "Preprod" });
  return rows
    .filter(({ state, listing }) => isLive(state) && ["One", "Two"].includes(listing.name))
    .map(({ listing }) => listing.name)
    .toSorted();
}

const outputs = async () =>
  Object.fromEntries(
    (await readAgentOutputs(openProject(folder.root), "local", { env: {} })).map((agent) => [
      agent.id,
      agent,
    ]),
  );

const changed = ({ changes: { same: _same, ...changes } }: RunResult) =>
  Object.values(changes).reduce((sum, count) => sum + count, 0);

/** A whole run mends what targeted ones left, and a second one then plans nothing. */
async function upAndNothingLeft(): Promise<void> {
  expect((await run("up")).ok).toBe(true);
  const second = await run("up");
  expect([second.ok, changed(second)]).toEqual([true, 0]);
}

describe("up and destroy of one of two agents", () => {
  it("register that one alone, say so, and are mended by a whole up", async () => {
    declare("One");
    declare("Two");
    const planned = await run("preview", ["one"]);
    expect(planned.said).toMatch(
      /^On the chain: 1 to register\. About 0\.43 ADA in fees, 5 ADA locked\. Left alone, as not targeted: two\.$/m,
    );
    expect((await run("preview")).said).toMatch(
      /^On the chain: 2 to register\. At most about 0\.85 ADA in fees, 10 ADA locked\.$/m,
    );
    const first = await run("up", ["one"]);
    expect(first.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(await registered()).toEqual(["One"]);
    expect(Object.keys(await outputs())).toEqual(["one"]);
    await upAndNothingLeft();
    expect(await registered()).toEqual(["One", "Two"]);
    expect(Object.keys(await outputs())).toEqual(["one", "two"]);
  });

  it("change that one alone; the other's output stays what is registered", async () => {
    declare("One", { price: "4 ADA" });
    declare("Two", { price: "4 ADA" });
    const planned = await run("preview", ["two"]);
    expect(planned.said).toMatch(/^On the chain: 1 to update\. .* Left alone, as not targeted: one\.$/m);
    expect(planned.said).toContain("on the chain (V2, updated in place): pricing: 3 ADA -> 4 ADA");
    expect(planned.said.match(/3 ADA -> 4 ADA/g)).toHaveLength(1);
    // Nothing that only the program needs to know is shown.
    const shown = planned.steps.flatMap(({ diff = [] }) => diff);
    expect(shown.filter((property) => /revision|queueLength/i.test(property))).toEqual([]);

    expect((await run("up", ["two"])).ok).toBe(true);
    const { one, two } = await outputs();
    expect([one?.pricing, two?.pricing]).toMatchObject([
      { prices: [{ amount: "3000000", human: expect.stringContaining("3 ADA") }] },
      { prices: [{ amount: "4000000" }] },
    ]);
    expect([one?.state, two?.state]).toEqual(["RegistrationConfirmed", "UpdateConfirmed"]);
    await upAndNothingLeft();
  });

  it("take a URN as well, and deregister that one alone", async () => {
    const urn = "urn:pulumi:local::masumi-agents::masumi:index:Agent::two";
    const refused = await run("destroy", [urn]);
    expect(refused.ok).toBe(false);
    expect(refused.said).toMatch(/TARGET_NEEDS_OTHER: .*--target-dependents/s);
    expect((await run("destroy", ["two"])).ok).toBe(true);
    expect(await registered()).toEqual(["One"]);
    expect(Object.keys(await outputs())).toEqual(["one"]);
    await upAndNothingLeft();
    expect(await registered()).toEqual(["One", "Two"]);
    const unknown = await run("up", ["three"]);
    expect(unknown.said).toMatch(/TARGET_NOT_FOUND: [\s\S]*Agent::three/);
  });

  it("speak of what they do, not of what a whole run would", async () => {
    for (const name of ["one", "two"]) folder.remove(`agents/${name}.yaml`);
    await upAndNothingLeft();
    declare("One", { price: "3 USDM" });
    declare("Two", { price: "3 USDM", payment: "V1" });
    declare("Gone");
    await upAndNothingLeft();
    const before = await outputs();

    declare("One", { price: "4 USDM" });
    declare("Two", { price: "4 USDM", payment: "V1" });
    folder.remove("agents/gone.yaml");
    const previewed = await run("preview", ["one"]);
    expect(previewed.said).toMatch(
      /^On the chain: 1 to update\. About 0\.43 ADA in fees\. Left alone, as not targeted: two\. Deregistered only if targeted: Gone \(registration \w+\)\. About [\d.]+ ADA in fees, 5 ADA released\.$/m,
    );
    // With none of the declared agents among the targets and nothing to do for them, the program cannot tell.
    declare("One", { price: "3 USDM" });
    declare("Two", { price: "3 USDM", payment: "V1" });
    expect((await run("preview", ["one"])).said).toMatch(
      /^On the chain: 1 to deregister\. .* released\. A run with --target deregisters only what it targets\.$/m,
    );
    declare("One", { price: "4 USDM" });
    declare("Two", { price: "4 USDM", payment: "V1" });
    const updated = await run("up", ["one"]);
    expect([updated.ok, updated.said]).toEqual([true, expect.not.stringMatching(/REPLACED|will be/)]);
    expect(await outputs()).toMatchObject({ two: before["two"] });

    const replaced = await run("up", ["two"]);
    expect(replaced.said.match(/two is REPLACED on the chain/g)).toHaveLength(1);
    await upAndNothingLeft();
    expect(await registered()).toEqual(["One", "Two"]);
  }, 180_000);
});
