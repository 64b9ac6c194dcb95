import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assetTable, formatPrice, toBaseUnits } from "../../../../infra/declarations/index.ts";

const preprod = assetTable("Preprod");
const mainnet = assetTable("Mainnet");

const USDM = "c48cbb3d5e57ed56e276bc45f99ab39abe94e6cd7ac39fb402da47ad0014df105553444d";
const USDCX = "1f3aec8bfe7ea4fe14c5f121e2a92e301afe414147860d557cac7e345553444378";
const TUSDM = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";

describe("a price becomes base units", () => {
  it.each([
    ["5 USDM", mainnet, "5000000", USDM, "5 USDM"],
    ["5 USDCx", mainnet, "5000000", USDCX, "5 USDCx"],
    ["2.5 ADA", mainnet, "2500000", "", "2.5 ADA"],
    ["2.5 ADA", preprod, "2500000", "", "2.5 ADA"],
    ["0.000001 ADA", preprod, "1", "", "0.000001 ADA"],
    ["10.50 tUSDM", preprod, "10500000", TUSDM, "10.5 tUSDM"],
    ["5  USDM ", mainnet, "5000000", USDM, "5 USDM"],
  ])("%s", (text, table, amount, unit, human) => {
    expect(toBaseUnits(text, table)).toEqual({ amount, unit, human });
  });

  it.each(["USDM", "USDCx"])("on Preprod %s means the test token, and says so", (token) => {
    expect(toBaseUnits(`5 ${token}`, preprod)).toEqual({
      amount: "5000000",
      unit: TUSDM,
      human: `5 tUSDM (test ${token})`,
    });
  });

  it("takes the stack's own tokens, but not another ADA", () => {
    const table = assetTable("Preprod", {
      GOLD: { unit: "c".repeat(56), decimals: 0 },
      ADA: { unit: "d".repeat(56), decimals: 2 },
    });
    expect(toBaseUnits("3 GOLD", table)).toMatchObject({ amount: "3", unit: "c".repeat(56) });
    expect(toBaseUnits("3 ADA", table)).toMatchObject({ amount: "3000000", unit: "" });
  });
});

describe("a price is refused", () => {
  it.each([
    ["free"],
    ["5"],
    ["USDM 5"],
    ["+5 ADA"],
    ["05 ADA"],
    [".5 ADA"],
    ["5. ADA"],
    ["5e3 ADA"],
    ["∞ ADA"],
    ["0 ADA"],
    ["0.0000001 ADA"],
    ["9223372036854.775808 ADA"],
    ["1 lovelace"],
    ["1 constructor"],
  ])("%s", (text) => {
    expect(toBaseUnits(text, mainnet)).toEqual({
      message: expect.stringMatching(/./) as string,
      remedy: expect.stringMatching(/./) as string,
    });
  });
});

describe("prices are shown as they are written", () => {
  const amounts = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });

  it("whatever the amount and the decimals, and comes back the same", () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 18 }), (amount, decimals) => {
        const table = assetTable("Mainnet", { GOLD: { unit: "c".repeat(56), decimals } });
        const price = { amount: amount.toString(), unit: "c".repeat(56) };
        const human = formatPrice(price, table);
        expect(toBaseUnits(human, table)).toEqual({ ...price, human });
      }),
    );
  });

  it("exactly, where floating point numbers would not be", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9_000_000_000 }),
        fc.integer({ min: 1, max: 999_999 }),
        (whole, rest) => {
          const text = `${whole}.${rest.toString().padStart(6, "0")} ADA`;
          expect(toBaseUnits(text, mainnet)).toMatchObject({
            amount: (BigInt(whole) * 1_000_000n + BigInt(rest)).toString(),
          });
        },
      ),
    );
  });

  it("and an unknown unit as it is", () => {
    expect(formatPrice({ amount: "12", unit: "ab" }, mainnet)).toBe("12 ab");
  });
});
