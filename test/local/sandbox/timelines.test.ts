import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { loadWorld } from "../../../local/sandbox/world.ts";
import { type Entry, registration, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";

/** What was seen of a row whenever it had changed; `t` in seconds. */
type Seen = Pick<Entry, "name" | "state" | "agentIdentifier" | "CurrentTransaction" | "error"> & {
  readonly t: number;
};

/** How far the sandbox's intervals may be from the recorded ones: one tick of the service's jobs. */
const TICK_SECONDS = 16;

const recorded = (name: string): Seen[] =>
  (
    JSON.parse(
      readFileSync(new URL(`../../fixtures/recordings/timelines/${name}.json`, import.meta.url), "utf8"),
    ) as {
      events: Seen[];
    }
  ).events;

/** An event without what chance decides: hashes stand for themselves, identifiers for their policy and version. */
function shape({ name, state, agentIdentifier, CurrentTransaction, error }: Seen) {
  return {
    name,
    state,
    error,
    policy: agentIdentifier?.slice(0, 56),
    version: agentIdentifier?.startsWith("67ab") ? agentIdentifier.slice(-6) : undefined,
    length: agentIdentifier?.length,
    transaction: CurrentTransaction && [CurrentTransaction.txHash?.length, CurrentTransaction.status],
  };
}

const of = (events: readonly Seen[], name: string) => events.filter((event) => event.name.startsWith(name));

const courses = (events: readonly Seen[], names: readonly string[]) =>
  names.map((name) => of(events, name).map(shape));

/** The intervals between two changes of a row that are off by more than a tick. */
function intervalsOff(
  actual: readonly Seen[],
  expected: readonly Seen[],
  names: readonly string[],
): string[] {
  return names.flatMap((name) => {
    const [mine, theirs] = [of(actual, name), of(expected, name)];
    const interval = (events: readonly Seen[], index: number) =>
      (events[index]?.t ?? 0) - (events[index - 1]?.t ?? 0);
    return theirs.flatMap((event, index) => {
      if (index === 0 || Math.abs(interval(mine, index) - interval(theirs, index)) < TICK_SECONDS) return [];
      return [
        `${name}: ${event.state} after ${interval(mine, index)} s, recorded ${interval(theirs, index)} s`,
      ];
    });
  });
}

describe("the timelines recorded from the real service's own jobs", () => {
  let sandbox: RunningSandbox;
  let client: SandboxClient;
  let now: number;
  let seen: (Seen & { id: string })[];
  let elapsed: number;

  beforeEach(async () => {
    // The chain starts in the middle of a tick, as it does for everybody.
    now = Date.parse("2026-11-22T12:00:04.000Z");
    sandbox = await startSandbox({ chainSpeed: 0, now: () => now });
    client = new SandboxClient(sandbox);
    seen = [];
    elapsed = 0;
  });
  afterEach(() => sandbox.close());

  /** Steps the chain second by second and keeps what changes, as the recording poll did. */
  async function watch(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await look();
      now += 1_000;
      elapsed += 1;
      sandbox.clock.advance(1_000);
    }
    await look();
  }

  async function look(): Promise<void> {
    for (const { name, state, agentIdentifier, CurrentTransaction, error, id } of await client.rows()) {
      const last = seen.findLast((other) => other.id === id);
      // A V1 row without a hash yet is a matter of half a second; the recordings never caught one.
      const isBetween = state.endsWith("Initiated") && CurrentTransaction?.txHash === null;
      if (isBetween || last?.state === state) continue;
      seen.push({ t: elapsed, id, name, state, agentIdentifier, CurrentTransaction, error });
    }
  }

  it("full cycle: register V1 and V2, then deregister V1 and update V2, with the fees that were seen", async () => {
    await client.register(registration("e1 v1", V1_WALLET));
    await client.register(registration("e2 v2", V2_WALLET));
    await watch(84);
    const [e1, e2] = await client.rows();
    await client.deregister(e1?.agentIdentifier ?? null);
    await client.update(e2?.agentIdentifier ?? null, registration("e2 v2 new", V2_WALLET));
    await watch(100);

    const expected = recorded("full_cycle");
    const names = ["e1", "e2"];
    expect(courses(seen, names)).toEqual(courses(expected, names));
    expect(intervalsOff(seen, expected, names)).toEqual([]);
    for (const name of names) {
      const fees = (events: Seen[]) => of(events, name).map((event) => event.CurrentTransaction?.fees);
      expect(fees(seen)).toEqual(fees(expected));
    }
  });

  const registerFive = async () => {
    for (const name of ["v1 a", "v1 b", "v1 c"]) await client.register(registration(name, V1_WALLET));
    for (const name of ["v2 a", "v2 b"]) await client.register(registration(name, V2_WALLET));
  };

  it("V1 takes one registration per wallet at a time, V2 several in one transaction", async () => {
    await registerFive();
    await watch(160);
    const expected = recorded("register_v1_v2");
    const names = ["v1 a", "v1 b", "v2 a", "v2 b"];
    expect(courses(seen, names)).toEqual(courses(expected, names));
    expect(intervalsOff(seen, expected, names)).toEqual([]);

    for (const events of [expected, seen]) {
      const initiated = (name: string) =>
        of(events, name).find(({ state }) => state === "RegistrationInitiated");
      const [first, second] = [initiated("v2 a"), initiated("v2 b")];
      expect(second?.CurrentTransaction?.txHash).toBe(first?.CurrentTransaction?.txHash);
      // Nonces 10, 11 before the shared root.
      const name = (event?: Seen) => event?.agentIdentifier?.slice(56);
      expect([name(first), name(second)].map((text) => text?.slice(0, 2))).toEqual(["10", "11"]);
      expect(name(second)?.slice(2)).toBe(name(first)?.slice(2));
      expect(initiated("v1 b")?.CurrentTransaction?.txHash).not.toBe(
        initiated("v1 a")?.CurrentTransaction?.txHash,
      );
    }
  });

  it("a V1 burn waits while the wallet registers another agent; the V2 wallet goes its own way", async () => {
    const expected = recorded("deregister_v1_update_v2").filter(({ name }) => /^v1 [ac]|^v2 a/.test(name));
    await registerFive();
    const isUnderWay = async () =>
      (await client.rows()).some((row) => row.name === "v1 c" && row.state === "RegistrationInitiated");
    while (!(await isUnderWay())) await watch(1);
    await watch(26);
    // From here on the recording watches; it starts with what it finds.
    seen = [];
    elapsed = 0;
    await look();
    const rows = await client.rows();
    const identifier = (name: string) => rows.find((row) => row.name === name)?.agentIdentifier ?? null;
    await client.deregister(identifier("v1 a"));
    await client.update(identifier("v2 a"), registration("v2 a renamed", V2_WALLET));
    await watch(125);
    const names = ["v1 a", "v1 c", "v2 a"];
    expect(courses(seen, names)).toEqual(courses(expected, names));
    expect(intervalsOff(seen, expected, names)).toEqual([]);
  });

  it("an empty V1 wallet fails within a tick, an empty V2 wallet waits for ever without a word", async () => {
    const empty = loadWorld().wallets.filter((wallet) => wallet.type === "Selling" && wallet.lovelace === 0);
    const vkey = (type: string) =>
      empty.find((wallet) => wallet.source.paymentSourceType === type)?.vkey ?? "";
    await client.register(registration("v1 empty", V1_WALLET, { sellingWalletVkey: vkey("Web3CardanoV1") }));
    await client.register(registration("v2 empty", V2_WALLET, { sellingWalletVkey: vkey("Web3CardanoV2") }));
    await watch(20);
    await client.advance(7 * 24 * 3600);
    await watch(20);
    const names = ["v1 empty", "v2 empty"];
    expect(courses(seen, names)).toEqual(courses(recorded("unfunded_wallets"), names));
    expect(intervalsOff(seen, recorded("unfunded_wallets"), names)).toEqual([]);
  });

  it("a transaction that the chain refuses: V1 keeps it without a hash, V2 has none", async () => {
    const expected = recorded("submit_refused");
    const error = expected.find((event) => event.error !== null)?.error;
    await client.control("POST", "/faults", { faults: [{ kind: "fail-transaction", count: 2, error }] });
    await client.register(registration("sf v1", V1_WALLET));
    await client.register(registration("sf v2", V2_WALLET));
    await watch(20);
    const names = ["sf v1", "sf v2"];
    expect(courses(seen, names)).toEqual(courses(expected, names));
    expect(intervalsOff(seen, expected, names)).toEqual([]);
  });
});
