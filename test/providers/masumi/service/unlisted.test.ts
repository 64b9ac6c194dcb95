import { describe, expect, test } from "vitest";
import { type Row, STATES } from "../../../../providers/masumi/service/model.ts";
import { chooseKept } from "../../../../providers/masumi/service/rules/kept.ts";
import {
  isBackwards,
  isForgotten,
  unlistedTokens,
} from "../../../../providers/masumi/service/rules/unlisted.ts";
import { rowOf } from "../entries.ts";
import { LISTING, inputsOf } from "../inputs.ts";

const inputs = inputsOf();
const own = (changes: Partial<Row> = {}) => rowOf(inputs, changes);
const V1_TOKEN = `7e${"0".repeat(118)}`;
const V2_TOKEN = (version: string) => `67${"0".repeat(112)}${version}`;

describe("tokens that no row accounts for", () => {
  const { marker } = inputs;
  const find = (tokens: [string, string[]][], rows: Row[], type: "V1" | "V2" = "V2", agentIdentifier = "") =>
    unlistedTokens(new Map(tokens), { type, marker, agentIdentifier }, rows);

  test("are those with the agent's marker", () => {
    const tokens: [string, string[]][] = [
      [V2_TOKEN("000000"), ["research", marker]],
      [V1_TOKEN, ["iac-of-another"]],
    ];
    expect(find(tokens, [])).toEqual([V2_TOKEN("000000")]);
  });

  test("are not those of a row that updates them, whatever version chain and row show", () => {
    const row = own({ state: "UpdateInitiated", agentIdentifier: V2_TOKEN("000001") });
    expect(find([[V2_TOKEN("000000"), [marker]]], [row])).toEqual([]);
  });

  test.each(["RegistrationFailed", "DeregistrationConfirmed"])("are those of a row in state %s", (state) => {
    const row = own({ state, agentIdentifier: V2_TOKEN("000000") });
    expect(find([[V2_TOKEN("000000"), [marker]]], [row])).toHaveLength(1);
  });

  test("are recognised by their identifier where the registration has no marker", () => {
    const found = unlistedTokens(
      new Map([[V1_TOKEN, ["x"]]]),
      { type: "V1", marker: "", agentIdentifier: V1_TOKEN },
      [],
    );
    expect(found).toEqual([V1_TOKEN]);
  });
});

test("a state runs backwards only from minted to unminted", () => {
  const possible = STATES.flatMap((from) =>
    STATES.filter((to) => isBackwards(from, to)).map((to) => [from, to]),
  );
  const unminted = ["RegistrationRequested", "RegistrationInitiated", "RegistrationFailed"];
  expect(new Set(possible.map(([, to]) => to))).toEqual(new Set(unminted));
  expect(possible.filter(([from]) => unminted.includes(from ?? ""))).toEqual([]);
  expect(possible).toHaveLength(3 * (STATES.length - unminted.length));
});

test.each([
  [undefined, false],
  ["", false],
  ["all", true],
  ["other, researcher", true],
  ["cmrow", true],
  ["research", false],
])("MASUMI_FORGET_REGISTRATION=%s names the agent: %s", (named, expected) => {
  expect(isForgotten(named, "researcher", "cmrow")).toBe(expected);
});

describe("of several registrations of one agent", () => {
  const shows = ({ listing }: Row) => listing.name === LISTING.name;
  const other = { listing: { ...LISTING, name: "Other" } };
  const kept = (rows: Row[], inState: string[] = []) => {
    const canShow = ({ type }: Row) => type === "V2";
    const { row, spare } = chooseKept(rows, { shows, canShow, inState: new Set(inState) });
    return [row?.id, ...spare.map(({ id }) => id)];
  };

  test.each<[what: string, rows: Row[], inState: string[], expected: (string | undefined)[]]>([
    ["none", [], [], [undefined]],
    [
      "the one in the state",
      [own({ id: "old", createdAt: "2026-01-01" }), own({ id: "new", createdAt: "2026-02-01", ...other })],
      ["new"],
      ["new", "old"],
    ],
    [
      "not the one in the state that only a replacement can bring there",
      [
        own({ id: "old", type: "V1", createdAt: "2026-01-01", ...other }),
        own({ id: "new", type: "V1", createdAt: "2026-02-01" }),
      ],
      ["old"],
      ["new", "old"],
    ],
    [
      "the one in the state, to be replaced, if no other shows the declaration",
      [
        own({ id: "old", type: "V1", createdAt: "2026-01-01", ...other }),
        own({ id: "new", type: "V1", createdAt: "2026-02-01", ...other }),
      ],
      ["new"],
      ["new", "old"],
    ],
    [
      "the one that shows the declaration",
      [own({ id: "old", createdAt: "2026-01-01", ...other }), own({ id: "new", createdAt: "2026-02-01" })],
      [],
      ["new", "old"],
    ],
    [
      "also while it is pending",
      [
        own({ id: "old", createdAt: "2026-01-01", ...other }),
        own({ id: "new", createdAt: "2026-02-01", state: "RegistrationRequested" }),
      ],
      [],
      ["new", "old"],
    ],
    [
      "but not if it shows it after a failed update",
      [
        own({ id: "old", createdAt: "2026-01-01" }),
        own({ id: "older", createdAt: "2025-01-01", state: "UpdateFailed" }),
      ],
      [],
      ["old", "older"],
    ],
    [
      "the oldest, in the same order for everybody",
      [
        own({ id: "b", createdAt: "2026-01-01" }),
        own({ id: "a", createdAt: "2026-01-01" }),
        own({ id: "c", createdAt: "2025-01-01" }),
      ],
      [],
      ["c", "a", "b"],
    ],
    [
      "none that is over or leaving",
      [
        own({ id: "over", state: "DeregistrationConfirmed" }),
        own({ id: "leaving", state: "DeregistrationRequested" }),
      ],
      ["over"],
      [undefined],
    ],
  ])("%s is kept", (_what, rows, inState, expected) => {
    expect(kept(rows, inState)).toEqual(expected);
    expect(kept(rows.toReversed(), inState)).toEqual(expected);
  });
});
