import { describe, expect, it } from "vitest";
import { ConfigurationError, pricesOf } from "../../infra/config.ts";
import { sumCosts } from "../../stacks/costs/costs.ts";
import { costOfTime, formatUsd, roundUsd } from "../../stacks/costs/prices.ts";
import type { RunningTime } from "../../stacks/costs/usage.ts";

const settingsOf = (modelPrices: unknown, containerPrices: unknown = {}) =>
  pricesOf("test", {
    "masumi:modelPrices": JSON.stringify(modelPrices),
    "masumi:containerPrices": JSON.stringify(containerPrices),
  });

const used = (inputTokens: number, outputTokens: number, model = "m", job = "") => ({
  month: "2026-11",
  agent: "writer",
  job,
  model,
  inputTokens,
  outputTokens,
});

const ran = (seconds: number, more: Partial<RunningTime> = {}): RunningTime => ({
  month: "2026-11",
  agent: "writer",
  job: null,
  cpu: 0,
  memory: 0,
  milliseconds: seconds * 1000,
  isShared: false,
  ...more,
});

const NOTHING = { counts: [], times: [], fees: [], users: new Map<string, string>() };

const sum = (counts: ReturnType<typeof used>[], prices: unknown, jobs = false) =>
  sumCosts({ ...NOTHING, ...settingsOf(prices), counts }, { jobs });

it.each<[input: number | string, output: number | string, tokens: [number, number], usd: string]>([
  [0.4, 1.6, [1, 0], "0.0000004"],
  [0.4, 1.6, [1_000_000, 1_000_000], "2"],
  [0.1, 0.2, [1, 1], "0.0000003"],
  ["0.000001", 0, [1, 7], "0.000000000001"],
  [15, 75, [123_456_789, 987_654_321], "75925.92591"],
  [999_999, "0.1", [9_007_199_254, 3], "9007190246.8007463"],
  [0, 0, [5, 5], "0"],
])("a model of %s and %s costs exactly what it costs", (input, output, tokens, usd) => {
  expect(sum([used(...tokens)], { m: { input, output } }).total.usd).toBe(usd);
});

it.each<[usd: string, shown: string]>([
  ["0", "0"],
  ["0.0000004", "0"],
  ["0.0000005", "0.000001"],
  ["0.00164", "0.00164"],
  ["1.9999995", "2"],
  ["75925.92591", "75925.92591"],
])("%s US dollars are shown as %s", (usd, shown) => {
  expect(roundUsd(usd)).toBe(shown);
});

it("shows small amounts of many decimals exactly", () => {
  expect(formatUsd(1_640_000_000n)).toBe("0.00164");
});

it.each<[what: string, prices: unknown, problem: RegExp]>([
  ["a price without a part", { m: { input: 1 } }, /modelPrices\.m\.output/],
  ["a negative price", { m: { input: -1, output: 1 } }, /at most 6 decimals/],
  ["a price that is too fine", { m: { input: 1e-7, output: 1 } }, /at most 6 decimals/],
  ["a price that is none", { m: { input: "cheap", output: 1 } }, /at most 6 decimals/],
  ["another price", { m: { input: 1, output: 1, cached: 1 } }, /cached/],
])("%s is refused", (_, prices, problem) => {
  expect(() => settingsOf(prices)).toThrow(ConfigurationError);
  expect(() => settingsOf(prices)).toThrow(problem);
});

describe("a table of costs", () => {
  it("has tokens of a model without a price, and no sum of money then", () => {
    const found = sum([used(10, 20), used(1, 2, "other")], { m: { input: 1, output: 1 } });
    expect(found.rows[0]?.models).toEqual([
      { model: "m", inputTokens: 10, outputTokens: 20, usd: "0.00003" },
      { model: "other", inputTokens: 1, outputTokens: 2, usd: null },
    ]);
    expect(found.total).toMatchObject({ inputTokens: 11, outputTokens: 22, usd: null, feeLovelace: "0" });
    expect(found.unpriced).toEqual(["other"]);
  });

  it("takes no price from what every object has", () => {
    expect(sum([used(1, 1, "constructor")], {}).unpriced).toEqual(["constructor"]);
  });

  it("names jobs where they are wanted, and null for what belongs to none", () => {
    const counts = [used(1, 2, "m", "4ab92f3c01d7e856"), used(3, 4)];
    expect(sum(counts, {}, true).rows[0]?.models.map(({ job }) => job)).toEqual(["4ab92f3c01d7e856", null]);
    expect(sum(counts, {}).rows[0]?.models[0]).not.toHaveProperty("job");
  });

  it("has the fees of agents that used no model, and the user of each that has one", () => {
    const fees = [
      { month: "2026-10", agent: "writer", feeLovelace: "400000" },
      { month: "2026-11", agent: "editor", feeLovelace: "200000" },
    ];
    const users = new Map([["writer", "ada@example.com"]]);
    const found = sumCosts({ ...NOTHING, ...settingsOf({}), counts: [used(1, 1)], fees, users }, {});
    expect(
      found.rows.map(({ month, agent, user, models, feeLovelace }) => [
        month,
        agent,
        user,
        models.length,
        feeLovelace,
      ]),
    ).toEqual([
      ["2026-10", "writer", "ada@example.com", 0, "400000"],
      ["2026-11", "editor", null, 0, "200000"],
      ["2026-11", "writer", "ada@example.com", 1, "0"],
    ]);
    expect(found.total.feeLovelace).toBe("600000");
  });

  it("sums the agents of each customer where that is wanted, and those of nobody", () => {
    const users = new Map([
      ["writer", "ada"],
      ["editor", "ada"],
    ]);
    const counts = [used(1, 2), { ...used(10, 20), agent: "editor" }, { ...used(5, 5), agent: "other" }];
    const times = [ran(60), ran(30, { agent: "editor" })];
    const { rows } = sumCosts({ ...NOTHING, ...settingsOf({}), counts, times, users }, { customers: true });
    expect(
      rows.map(({ agent, user, models, time }) => [
        agent,
        user,
        ...models.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
        time.containerSeconds,
      ]),
    ).toEqual([
      [null, "ada", [11, 22], 90],
      [null, null, [5, 5], 0],
    ]);
  });
});

describe("time", () => {
  const FARGATE = { vcpuHour: "0.04", gbHour: 0.004 };
  const size = { cpu: 512, memory: 1024 };

  it.each<[what: string, time: RunningTime, prices: unknown, usd: string | null]>([
    ["an hour of half a core and a gigabyte", ran(3600, size), FARGATE, "0.024"],
    ["a month of it", ran(720 * 3600, size), FARGATE, "17.28"],
    ["with a price of the container as well", ran(3600, size), { ...FARGATE, hour: 1 }, "1.024"],
    ["a process, which has no size", ran(1800), { hour: 0.5 }, "0.25"],
    ["a process where only sizes have prices", ran(1800), FARGATE, null],
    ["without any price", ran(1800, size), {}, null],
    ["a job in the agent's own container", ran(1800, { job: "" }), {}, "0"],
    ["a job in the shared service", ran(1800, { job: "", isShared: true }), { sharedJobHour: 0.2 }, "0.1"],
    ["a job there without a price", ran(1800, { job: "", isShared: true }), { hour: 1 }, null],
    ["a millisecond", ran(0.001, size), FARGATE, "0.000000006666"],
  ])("%s costs what the settings say", (_, time, prices, usd) => {
    const cost = costOfTime(time, settingsOf({}, prices).containerPrices);
    expect(cost === undefined ? null : formatUsd(cost)).toBe(usd);
  });

  it("is told apart by agent and job, and whose has no price is named", () => {
    const times = [
      ran(3600, size),
      ran(60, { job: "4ab92f3c01d7e856" }),
      ran(40, { job: "a", agent: "shared", isShared: true }),
    ];
    const found = sumCosts({ ...NOTHING, ...settingsOf({}, FARGATE), times }, { jobs: true });
    expect(found.rows.map(({ agent, time, jobs }) => [agent, time, jobs])).toEqual([
      ["shared", { containerSeconds: 0, jobSeconds: 40, usd: null }, [{ job: "a", seconds: 40 }]],
      [
        "writer",
        { containerSeconds: 3600, jobSeconds: 60, usd: "0.024" },
        [{ job: "4ab92f3c01d7e856", seconds: 60 }],
      ],
    ]);
    expect(found.total.time).toEqual({ containerSeconds: 3600, jobSeconds: 100, usd: null });
    expect(found.unpricedTime).toEqual(["shared"]);
  });

  it.each([
    ["a process, where no price is set", ran(1800), {}, []],
    ["a process, where prices are set, and none for it", ran(1800), FARGATE, ["writer"]],
    ["a container, where no price is set", ran(1800, size), {}, ["writer"]],
  ])("of %s is named as it is to have a price", (_, time, prices, named) => {
    const found = sumCosts({ ...NOTHING, ...settingsOf({}, prices), times: [time] }, {});
    expect(found.unpricedTime).toEqual(named);
  });

  it.each([{ hour: -1 }, { hour: 1e-7 }, { vcpuHour: "much" }, { dayHour: 1 }])(
    "refuses the price %j",
    (prices) => {
      expect(() => settingsOf({}, prices)).toThrow(/masumi:containerPrices/);
    },
  );
});
