import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { allCosts, costs } from "../../../portal/api/costs/schemas.ts";
import { CostsDesk } from "../../../portal/api/costs/desk.ts";
import { problem } from "../../../portal/api/schemas.ts";
import { setDeployed } from "../../../portal/database/fleets.ts";
import { crewVenv } from "../../../providers/crew-process/local/index.ts";
import { prepareLocalStack } from "../../../stacks/index.ts";
import { findAllLogs } from "../../../stacks/logs/logs.ts";
import { crewEnvironment } from "../../helpers/project.ts";
import { type TestedApi, form, json, placeDeclaration, startApi } from "./portal-api.ts";

/* What agents cost: read from stores as the crew runtime keeps them, and shown to whom the agents belong. */

const FLEET = 1;
const MONTH = new Date().toISOString().slice(0, 7);

let api: TestedApi;
beforeAll(async () => {
  await crewEnvironment();
  api = await startApi();
  await prepareLocalStack(api.fleets.project, {
    stack: api.fleets.model,
    sandboxUrl: "http://127.0.0.1:9",
    settings: {
      "masumi:agents": api.fleets.named(FLEET).folder,
      "masumi:modelPrices": '{"m":{"input":1,"output":2}}',
      "masumi:containerPrices": '{"sharedJobHour":36}',
    },
  });
}, 300_000);
afterAll(() => api.close());

/** An agent of a user that is deployed, with what its runtime kept: tokens asked and answered, and seconds of a job. */
async function agentThatUsed(
  user: string,
  name: string,
  used: readonly [number, number, number],
): Promise<string> {
  const response = await api.send("POST", "/agent", user, json(form(name)));
  const { agentId } = (await response.json()) as { agentId: string };
  await placeDeclaration(api, FLEET, agentId);
  const { stack } = api.fleets.named(FLEET);
  const { project } = api.fleets;
  const log = findAllLogs(project, stack, {}).logs.find((one) => one.agentId === agentId);
  if (log?.place.kind !== "file") throw new Error("the agent runs elsewhere");
  const store = join(dirname(log.place.path), "data", "hosted", agentId, "jobs.sqlite");
  mkdirSync(dirname(store), { recursive: true });
  execFileSync(join(crewVenv(project.root), "bin", "python"), [
    "-c",
    KEEP,
    store,
    MONTH,
    ...used.map(String),
  ]);
  return agentId;
}

const KEEP = `
import sys
from pathlib import Path
from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.job.running_time import RunningTime
from crew_runtime.store.sqlite import SqliteJobStore
file, month, asked, answered, seconds = sys.argv[1:]
store = SqliteJobStore(Path(file), holder="test")
day = f"{month}-01"
store.add_usage(day, [ModelUsage(job="a", model="m", input_tokens=int(asked), output_tokens=int(answered))])
store.add_running_times(day, [RunningTime(job="a", milliseconds=int(seconds) * 1000)])
store.disconnect()
`;

const own = async (user: string, from = api) =>
  costs.strict().parse(await (await from.send("GET", "/me/costs", user)).json());

it("are each customer's own, and the operator's to see of all", { timeout: 120_000 }, async () => {
  expect(await own("ada")).toEqual({ readAt: null, months: [], agents: [], missing: [] });
  const ada = [
    await agentThatUsed("ada", "First", [10, 20, 3]),
    await agentThatUsed("ada", "Second", [1, 2, 1]),
  ];
  const bert = await agentThatUsed("bert", "Another", [1000, 0, 100]);
  await setDeployed(api.database, FLEET, "c");

  const hers = await own("ada");
  expect(hers.months).toEqual([
    {
      month: MONTH,
      inputTokens: 11,
      outputTokens: 22,
      modelsUsd: "0.000055",
      containerSeconds: 0,
      jobSeconds: 4,
      timeUsd: "0.04",
      fees: "0",
    },
  ]);
  expect(
    new Map(hers.agents.map(({ agentId, name, inputTokens }) => [agentId, [name, inputTokens]])),
  ).toEqual(
    new Map([
      [ada[0], ["First", 10]],
      [ada[1], ["Second", 1]],
    ]),
  );
  const text = await (await api.send("GET", "/me/costs", "ada")).text();
  expect(text).not.toContain(bert);
  expect(text).not.toContain("1000");
  expect((await own("bert")).agents.map(({ agentId }) => agentId)).toEqual([bert]);
  expect((await own("nobody")).months).toEqual([]);

  const forbidden = await api.send("GET", "/operator/costs", "ada");
  expect(problem.parse(await forbidden.json()).status).toBe(403);
  expect((await api.send("GET", "/me/costs")).status).toBe(401);
  const all = allCosts.strict().parse(await (await api.send("GET", "/operator/costs", "operator-1")).json());
  expect(all.months[0]).toMatchObject({ inputTokens: 1011, jobSeconds: 104, timeUsd: "1.04" });
  expect(
    new Map(
      all.customers.map(({ user, userName, agents, inputTokens }) => [user, [userName, agents, inputTokens]]),
    ),
  ).toEqual(
    new Map([
      ["ada", ["ada@example.com", 2, 11]],
      ["bert", ["bert@example.com", 1, 1000]],
    ]),
  );
  expect((await own("operator-1")).agents, "as a customer, they have none").toEqual([]);
});

it("are read once for all who look within a minute, and again after a failure", async () => {
  let reads = 0;
  const desk = new CostsDesk((fleet) => {
    reads += 1;
    return reads === 1
      ? Promise.reject(new Error("away"))
      : Promise.resolve({ stack: String(fleet) } as never);
  });
  const first = await Promise.allSettled([desk.of(1), desk.of(1)]);
  expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(reads).toBe(1);
  const [one, two] = await Promise.all([desk.of(1), desk.of(1), desk.of(2)]);
  expect(one).toBe(two);
  expect(await desk.of(1)).toBe(one);
  expect(reads).toBe(3);
});
