import { describe, expect, it } from "vitest";
import { ConfigurationError, modelPrices } from "../../infra/config.ts";
import { sumCosts } from "../../stacks/costs/costs.ts";
import { formatUsd, roundUsd } from "../../stacks/costs/prices.ts";

const pricesOf = (prices: unknown) => modelPrices("test", { "masumi:modelPrices": JSON.stringify(prices) });

const used = (inputTokens: number, outputTokens: number, model = "m", job = "") => ({
  month: "2026-11",
  agent: "writer",
  job,
  model,
  inputTokens,
  outputTokens,
});

const sum = (counts: ReturnType<typeof used>[], prices: unknown, jobs = false) =>
  sumCosts({ counts, prices: pricesOf(prices), fees: [], users: new Map(), jobs });

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
  expect(() => pricesOf(prices)).toThrow(ConfigurationError);
  expect(() => pricesOf(prices)).toThrow(problem);
});

describe("a table of costs", () => {
  it("has tokens of a model without a price, and no sum of money then", () => {
    const found = sum([used(10, 20), used(1, 2, "other")], { m: { input: 1, output: 1 } });
    expect(found.rows[0]?.models).toEqual([
      { model: "m", inputTokens: 10, outputTokens: 20, usd: "0.00003" },
      { model: "other", inputTokens: 1, outputTokens: 2, usd: null },
    ]);
    expect(found.total).toEqual({ inputTokens: 11, outputTokens: 22, usd: null, feeLovelace: "0" });
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
    const found = sumCosts({
      counts: [used(1, 1)],
      prices: {},
      fees,
      users: new Map([["writer", "ada@example.com"]]),
      jobs: false,
    });
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
});
