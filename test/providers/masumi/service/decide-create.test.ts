import { describe, expect, test } from "vitest";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { type Row, STATES, isSettled } from "../../../../providers/masumi/service/model.ts";
import { toRegistration } from "../../../../providers/masumi/resources/registration-common.ts";
import { decideCreate } from "../../../../providers/masumi/service/rules/decisions.ts";
import { rowOf } from "../entries.ts";
import { LISTING, EMPTY_V2, OWNER, V1, V2, inputsOf } from "../inputs.ts";

describe("create", () => {
  const inputs = inputsOf();
  const registration = toRegistration(inputs);
  const own = (changes: Partial<Row> = {}) => rowOf(inputs, changes);
  const foreign = (changes: Partial<Row> = {}) => rowOf(inputs, { id: "foreign", markers: [], ...changes });
  const look = (
    rows: Row[],
    more: { adopt?: string; deregistering?: string[]; replaced?: string[] } = {},
  ) => {
    const { deregistering = [], replaced = [], adopt } = more;
    try {
      const decided = decideCreate({
        registration,
        rows,
        adopt,
        deregistering: new Set(deregistering),
        replaced: new Set(replaced),
      });
      return decided.kind === "register" ? "register" : `${decided.kind} ${decided.row.id}`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const other = { listing: { ...LISTING, name: "Other" } };

  const adoptable = [
    "RegistrationRequested",
    "RegistrationInitiated",
    "RegistrationConfirmed",
    "UpdateRequested",
    "UpdateInitiated",
    "UpdateConfirmed",
  ];
  const stray = ["UpdateFailed", "DeregistrationFailed"];
  test.each(STATES)("our row with this content in state %s", (state) => {
    const expected = adoptable.includes(state)
      ? "adopt row"
      : stray.includes(state)
        ? "OWN_REGISTRATION_DIFFERS"
        : "register";
    expect(look([own({ state })])).toBe(expected);
  });

  test.each<[string, Row[], Parameters<typeof look>[1], string]>([
    ["nothing there", [], {}, "register"],
    ["ours, other content", [own(other)], {}, "OWN_REGISTRATION_DIFFERS"],
    ["ours, other content, being replaced", [own(other)], { replaced: ["row"] }, "register"],
    ["ours, on another wallet", [own({ walletVkey: EMPTY_V2.vkey })], {}, "OWN_REGISTRATION_DIFFERS"],
    ["ours, being deregistered by this run", [own()], { deregistering: ["row"] }, "register"],
    ["a twin of another agent of ours", [own({ markers: [marker(OWNER, "other")] })], {}, "register"],
    [
      "another owner's on the same URL",
      [own({ markers: [marker("them", "theirs")] })],
      {},
      "FOREIGN_REGISTRATION",
    ],
    ["unmarked on the same URL", [foreign()], {}, "FOREIGN_REGISTRATION"],
    [
      "unmarked on the same URL, written otherwise",
      [foreign({ listing: { ...LISTING, apiBaseUrl: "HTTPS://Agent.example.com/api/" } })],
      {},
      "FOREIGN_REGISTRATION",
    ],
    [
      "unmarked on another URL",
      [foreign({ listing: { ...LISTING, apiBaseUrl: "https://b.example" } })],
      {},
      "register",
    ],
    ["unmarked on another wallet", [foreign({ walletVkey: V1.vkey })], {}, "register"],
    ["unmarked and failed", [foreign({ state: "RegistrationFailed" })], {}, "register"],
    ["unmarked and leaving", [foreign({ state: "DeregistrationRequested" })], {}, "register"],
    ["adopted by name", [foreign()], { adopt: "foreign" }, "adopt foreign"],
    [
      "adopted by name, other content",
      [foreign({ ...other, state: "RegistrationConfirmed" })],
      { adopt: "foreign" },
      "adopt-and-update foreign",
    ],
    [
      "adopted by name, other content, pending",
      [foreign({ ...other, state: "RegistrationInitiated" })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    [
      "adopted by name, its update failed",
      [foreign({ state: "UpdateFailed" })],
      { adopt: "foreign" },
      "adopt-and-update foreign",
    ],
    ["adopted by name, ours of other content", [own(other)], { adopt: "row" }, "adopt-and-update row"],
    ["adopted by name, not there", [], { adopt: "foreign" }, "ADOPT_NOT_POSSIBLE"],
    [
      "adopted by name, on another wallet",
      [foreign({ walletVkey: EMPTY_V2.vkey })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    [
      "adopted by name, deregistered",
      [foreign({ state: "DeregistrationConfirmed" })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    ["adopt names the row that is replaced", [own(other)], { adopt: "row", replaced: ["row"] }, "register"],
    [
      "adopt is old, our own row is there",
      [own(), foreign({ state: "DeregistrationConfirmed" })],
      { adopt: "foreign" },
      "adopt row",
    ],
  ])("%s", (_name, rows, more, expected) => {
    expect(look(rows, more)).toBe(expected);
  });

  test("V1 rows of other content are not adopted: they cannot be changed", () => {
    const v1 = toRegistration(inputsOf({ wallet: V1 }));
    const row = rowOf(inputsOf({ wallet: V1, listing: { name: "Other" } }), { id: "foreign", markers: [] });
    const decide = () =>
      decideCreate({
        registration: v1,
        rows: [row],
        adopt: "foreign",
        deregistering: new Set(),
        replaced: new Set(),
      });
    expect(decide).toThrowError(/ADOPT_NOT_POSSIBLE.*two fees/s);
  });

  test("of several twins the oldest is kept, however far it is, and the others are named", () => {
    const twins = [
      own({ id: "pending", state: "RegistrationRequested", createdAt: "2026-01-01" }),
      own({ id: "young", createdAt: "2026-03-01" }),
      own({ id: "old", createdAt: "2026-02-01" }),
    ];
    const decided = decideCreate({
      registration,
      rows: twins,
      deregistering: new Set(),
      replaced: new Set(),
    });
    expect(decided).toMatchObject({
      kind: "adopt",
      row: { id: "pending" },
      spare: [{ id: "old" }, { id: "young" }],
    });
  });

  test.each([
    ["V2", "Take it over with adopt: row and wallet: "],
    ["V1", "declaring what it shows and wallet: "],
  ] as const)("a stray registration on %s names a way on that is accepted", (type, remedy) => {
    const wallets = { V1, V2 };
    const inputs = inputsOf({ wallet: wallets[type], listing: { name: "Other" } });
    const stray = rowOf(inputs, { id: "row", walletVkey: EMPTY_V2.vkey });
    const ask = { rows: [stray], deregistering: new Set<string>(), replaced: new Set<string>() };
    const wanted = toRegistration(inputsOf({ wallet: wallets[type] }));
    expect(() => decideCreate({ registration: wanted, ...ask })).toThrowError(`${remedy}${EMPTY_V2.vkey}`);
    // As it says.
    const pinned = { vkey: EMPTY_V2.vkey, type };
    const content = type === "V1" ? { listing: { name: "Other" } } : {};
    const followed = toRegistration(inputsOf({ wallet: pinned, ...content }));
    const decided = decideCreate({
      registration: followed,
      ...(type === "V2" ? { adopt: "row" } : {}),
      ...ask,
    });
    expect(decided).toMatchObject({ kind: type === "V1" ? "adopt" : "adopt-and-update", row: { id: "row" } });
  });

  test("a refusal names the row and how to take it over", () => {
    expect(() =>
      decideCreate({ registration, rows: [foreign()], deregistering: new Set(), replaced: new Set() }),
    ).toThrowError(/registration foreign .*adopt: foreign/s);
  });
});

test("a state of a newer service is waited on, and never adopted", () => {
  expect(isSettled("SomethingNewRequested")).toBe(false);
  const inputs = inputsOf();
  const rows = [rowOf(inputs, { state: "SomethingNewRequested" })];
  const decide = () =>
    decideCreate({
      registration: toRegistration(inputs),
      rows,
      deregistering: new Set(),
      replaced: new Set(),
    });
  expect(decide).toThrowError(/OWN_REGISTRATION_DIFFERS/);
});
