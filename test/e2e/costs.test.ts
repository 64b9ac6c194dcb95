/** What agents cost: the tokens that the model itself tells, whatever their crews run in, the time that jobs ran, and the ledger's fees. */
import axios from "axios";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { serveStubModel } from "../../local/sandbox/model/serve.ts";
import type { CostsDocument } from "../../stacks/costs/costs.ts";
import type { SpentDocument } from "../../stacks/spent.ts";
import { agent } from "../cloud/agents.ts";
import { TestProject, changes, crewEnvironment } from "../helpers/project.ts";
import { startServer } from "../portal/server.ts";

const PATIENCE = 240_000;
const MONTH = new Date().toISOString().slice(0, 7);

interface Told {
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

/** The stub model, and the sum of what it told that its answers took, by what they were about. */
async function startModelWithSums() {
  const stub = await serveStubModel();
  const sums = { steam: [0, 0], sail: [0, 0] };
  const app = new Hono();
  app.all("/v1/*", async (context) => {
    const { method, path } = context.req;
    const asked = await context.req.text();
    const { data } = await axios.request<Told>({
      method,
      url: `${stub.url}${path.slice("/v1".length)}`,
      headers: { "content-type": "application/json" },
      ...(method === "GET" ? {} : { data: asked }),
    });
    if (method === "POST") {
      const { prompt_tokens: input, completion_tokens: output } = data.usage;
      const topic = asked.includes("steam") ? "steam" : "sail";
      sums[topic] = [(sums[topic][0] ?? 0) + input, (sums[topic][1] ?? 0) + output];
    }
    return context.json(data);
  });
  const server = await startServer(app.fetch);
  return {
    url: `${server.url}/v1`,
    sums,
    close: () => Promise.all([server.close(), stub.close()]),
  };
}

let project: TestProject;
let sandbox: RunningSandbox;
let model: Awaited<ReturnType<typeof startModelWithSums>>;

const set = async (...words: string[]) => {
  const { exitCode, stderr } = await project.run("config", "set", ...words);
  if (exitCode !== 0) throw new Error(stderr);
};

beforeAll(async () => {
  await crewEnvironment();
  project = new TestProject();
  project.env["CI"] = "false";
  [sandbox, model] = [await startSandbox({ chainSpeed: "instant" }), await startModelWithSums()];
  project.useSandbox(sandbox.url);
  await set("masumi:modelApi", model.url);
  await set("--secret", "masumi:modelKey", "sk-of-this-test");
  await set("masumi:modelName", "stub");
  await set("masumi:hostings", '["process","shared"]');
  await set("masumi:shared", '{"on":"process"}');
  project.write("agents/steam.yaml", `${agent("Steam")}user: ada@example.com\n`);
  project.write("agents/sail.yaml", `${agent("Sail")}hosting: shared\n`);
  project.write("agents/idle.yaml", `${agent("Idle")}hosting: shared\n`);
}, PATIENCE);

afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await model.close();
}, PATIENCE);

const costs = async (...words: string[]) => {
  const { exitCode, stdout, stderr } = await project.run("costs", ...words);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
};
const document = async (...words: string[]) => JSON.parse(await costs("--json", ...words)) as CostsDocument;

async function work(url: string, topic: string): Promise<void> {
  const { data } = await axios.post<{ id: string }>(`${url}/start_job`, { input_data: { changes: topic } });
  const status = async () =>
    (await axios.get<{ status: string }>(`${url}/status`, { params: { job_id: data.id } })).data.status;
  await expect.poll(status, { timeout: 60_000, interval: 300 }).toBe("completed");
}

it(
  "are the tokens that the model told, by agent, model and job, and the ledger's fees",
  { timeout: PATIENCE },
  async () => {
    expect(await costs()).toBe("No costs of stack local are known here.\n");
    const { outputs } = await project.report("up");
    const urlOf = (id: string) => outputs.agents?.agents[id]?.url ?? "";
    const available = async (id: string) =>
      (await axios.get<{ status: string }>(`${urlOf(id)}/availability`)).data.status;
    for (const id of ["steam", "sail"])
      await expect.poll(() => available(id), { timeout: 60_000 }).toBe("available");
    await Promise.all([work(urlOf("steam"), "steam"), work(urlOf("sail"), "sail")]);
    await work(urlOf("steam"), "steam, and more");

    const { sums } = model;
    expect(Math.min(...sums.steam, ...sums.sail)).toBeGreaterThan(0);
    const counted = async () =>
      (await document()).rows.map(({ agent: id, models }) => [
        id,
        ...models.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
      ]);
    await expect.poll(counted).toEqual([["idle"], ["sail", sums.sail], ["steam", sums.steam]]);

    await set("masumi:containerPrices", '{"hour":0.01,"sharedJobHour":0.36}');
    const unpriced = await project.run("costs");
    expect(unpriced.stderr).toBe(
      "masumi:modelPrices has no price of stub (docs/operations.md, What agents cost).\n",
    );
    expect(unpriced.stdout).toMatch(/^total .*\?/m);
    await set("masumi:modelPrices", '{"stub":{"input":0.4,"output":1.6}}');
    const { total, rows, unread, skippedLines } = await document("--month", MONTH);
    const [input, output] = [0, 1].map((part) => (sums.steam[part] ?? 0) + (sums.sail[part] ?? 0));
    const spent = JSON.parse((await project.run("spent", "--json")).stdout) as SpentDocument;
    expect(total).toMatchObject({
      inputTokens: input,
      outputTokens: output,
      feeLovelace: spent.total.feeLovelace,
    });
    // In tenths of a millionth of a dollar, whole numbers all of them.
    expect(Number(total.usd) * 1e7).toBeCloseTo(4 * (input ?? 0) + 16 * (output ?? 0), 6);
    expect([unread, skippedLines]).toEqual([[], 0]);
    expect(rows.map(({ month, user }) => [month, user])).toEqual([
      [MONTH, null],
      [MONTH, null],
      [MONTH, "ada@example.com"],
    ]);

    const timeOf = (id: string) => rows.find(({ agent: one }) => one === id)?.time;
    const shared = timeOf("sail");
    expect(shared?.containerSeconds).toBe(0);
    expect(shared?.jobSeconds).toBeGreaterThan(0);
    expect(Number(shared?.usd)).toBeCloseTo((shared?.jobSeconds ?? 0) / 10_000, 9);
    expect(timeOf("steam")?.jobSeconds).toBeGreaterThan(0);
    expect(timeOf("idle")).toEqual({ containerSeconds: 0, jobSeconds: 0, usd: "0" });

    const [steam] = (await document("--agent", "steam", "--jobs")).rows;
    expect(new Set(steam?.jobs?.map(({ job }) => job))).toEqual(new Set(steam?.models.map(({ job }) => job)));
    expect(steam?.models.map(({ job }) => job)).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.anything(),
    ]);
    const sum = (part: "inputTokens" | "outputTokens") =>
      steam?.models.reduce((all, one) => all + one[part], 0);
    expect([sum("inputTokens"), sum("outputTokens")]).toEqual(sums.steam);
    expect((await document("--month", "2020-01")).rows).toEqual([]);

    expect(changes(await project.report("up")), "prices change nothing that runs").toEqual([]);
  },
);
