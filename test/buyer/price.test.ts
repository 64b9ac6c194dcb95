import { describe, expect, it } from "vitest";
import { isLoopbackUrl } from "../../providers/common/loopback.ts";
import { type Funds, inWords, requireLimit, requireWithin, samePrice } from "../../buyer/price.ts";
import { assetTable, toBaseUnits } from "../../infra/declarations/index.ts";
import { TUSDM } from "../local/sandbox/deal.ts";

const assets = assetTable("Preprod");
/** The largest amount that a price may have: a signed 64-bit number. */
const MOST = 2n ** 63n - 1n;
const ada = (amount: bigint | string): Funds => ({ unit: "", amount: String(amount) });
const usdm = (amount: string): Funds => ({ unit: TUSDM, amount });
const refusal = expect.objectContaining({ code: "HIRE_PRICE_TOO_HIGH" }) as Error;

describe("a price within its limits", () => {
  it.each<[string, Funds[], Funds[]]>([
    ["exactly the limit", [usdm("5000000")], [usdm("5000000")]],
    ["the largest amount at the largest limit", [ada(MOST)], [ada(MOST)]],
    ["each token at its own limit", [ada("2"), usdm("7")], [usdm("7"), ada("2")]],
    ["a token under two names and in parts", [ada("1"), { unit: "lovelace", amount: "1" }], [ada("2")]],
    ["a unit in capital letters", [{ unit: TUSDM.toUpperCase(), amount: "5" }], [usdm("5")]],
    ["no limit", [ada(MOST)], []],
  ])("%s", (_, price, limits) => {
    expect(() => requireWithin(price, limits, assets)).not.toThrow();
  });
});

describe("a price above its limits", () => {
  it.each<[string, Funds[], Funds[]]>([
    ["by one base unit", [usdm("5000001")], [usdm("5000000")]],
    [
      "by one lovelace of the largest amount, which no floating-point number tells",
      [ada(MOST)],
      [ada(MOST - 1n)],
    ],
    ["in the second token alone", [ada("2"), usdm("8")], [ada("2"), usdm("7")]],
    ["in a token without a limit", [ada("1")], [usdm("7")]],
    ["added up, though neither part is", [ada("2"), ada("2")], [ada("3")]],
  ])("%s", (_, price, limits) => {
    expect(() => requireWithin(price, limits, assets)).toThrow(refusal);
  });
});

it("a limit is required on Mainnet, and for a price that only the agent knows", () => {
  const missing = expect.objectContaining({ code: "HIRE_MAX_PRICE_MISSING" }) as Error;
  const market = (network: "Preprod" | "Mainnet") => ({ network, assets });
  expect(() => requireLimit(market("Preprod"), [], false)).not.toThrow();
  expect(() => requireLimit(market("Preprod"), [], true)).toThrow(missing);
  expect(() => requireLimit(market("Mainnet"), [], false)).toThrow(missing);
  expect(() => requireLimit(market("Mainnet"), [ada("1")], true)).not.toThrow();
});

it("the largest price is read and shown exactly; one more is none", () => {
  expect(toBaseUnits("9223372036854.775807 ADA", assets)).toMatchObject({ amount: String(MOST) });
  expect(toBaseUnits("9223372036854.775808 ADA", assets)).toMatchObject({ message: "is too high" });
  expect(inWords([ada(MOST), usdm("1")], assets)).toBe("9223372036854.775807 ADA + 0.000001 tUSDM");
});

it("prices are the same whatever their order, and different by one base unit", () => {
  expect(samePrice([ada(MOST), usdm("1")], [usdm("1"), ada(MOST)])).toBe(true);
  expect(samePrice([ada(MOST)], [ada(MOST - 1n)])).toBe(false);
  expect(samePrice([ada("1")], [ada("1"), usdm("1")])).toBe(false);
});

it.each([
  ["http://localhost:1", true],
  ["http://127.1.2.3", true],
  ["http://[::1]:8", true],
  ["http://127.evil.com", false],
  ["http://127.0.0.1.evil.com", false],
  ["http://localhost.evil.com", false],
])("%s is of this machine: %s", (url, expected) => expect(isLoopbackUrl(url)).toBe(expected));
