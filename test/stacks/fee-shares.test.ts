import { assert, bigInt, integer, property } from "fast-check";
import { expect, it } from "vitest";
import { feeShares } from "../../stacks/index.ts";

const agent = (id: string, txHash: string, feeLovelace: string) => ({ id, txHash, feeLovelace });

it("a fee is divided among the agents of its transaction", () => {
  const agents = [
    agent("a", "5a14", "422653"),
    agent("b", "5a14", "422653"),
    agent("c", "9f11", "398057"),
    agent("d", "", ""),
  ];
  expect(Object.fromEntries(feeShares(agents))).toEqual({ a: "211327", b: "211326", c: "398057", d: "" });
});

it("the parts of a fee add up to it, however many share it", () => {
  assert(
    property(integer({ min: 1, max: 9 }), bigInt({ min: 0n, max: 10n ** 12n }), (count, fee) => {
      const agents = Array.from({ length: count }, (_, index) => agent(`a${index}`, "tx", String(fee)));
      const parts = [...feeShares(agents).values()].map(BigInt);
      expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(fee);
      expect(parts.every((part) => part * BigInt(count) >= fee - BigInt(count))).toBe(true);
    }),
  );
});
