import { describe, expect, it } from "vitest";
import { withPayment } from "../../stacks/migrate/edit.ts";

describe("a declaration moves to V2 as its author would write it", () => {
  const OVERRIDES = "overrides: { preprod: { payment: V2 } }";
  it.each<[what: string, text: string, isShared: boolean, expected: string]>([
    [
      "the word alone is changed",
      "name: A\npayment: V1 # as ever\nid: a\n",
      false,
      "name: A\npayment: V2 # as ever\nid: a\n",
    ],
    ["a file without the key gets it", "name: A # ours", false, "name: A # ours\npayment: V2\n"],
    [
      "a file that other stacks read too keeps its word for them",
      "payment: V1\n",
      true,
      `payment: V1\n${OVERRIDES}\n`,
    ],
    [
      "an override of the stack is changed where it is",
      "overrides:\n  preprod:\n    payment: 'V1' # here\n    name: B\n",
      false,
      "overrides:\n  preprod:\n    payment: V2 # here\n    name: B\n",
    ],
  ])("%s", (_what, text, isShared, expected) => {
    expect(withPayment(text, { payment: "V2", stack: "preprod", isShared })).toMatchObject({
      text: expected,
    });
  });

  it.each([
    ["overrides of others", "overrides: { mainnet: { name: B } }\n", true, "below preprod: below overrides"],
    ["an alias", "x-type: &type V1\npayment: *type\n", false, "instead of what is there"],
  ])("%s is left to its author", (_what, text, isShared, said) => {
    expect(withPayment(text, { payment: "V2", stack: "preprod", isShared })).toEqual({
      byHand: expect.stringContaining(said) as string,
    });
  });
});
