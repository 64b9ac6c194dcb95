import { describe, expect, test, vi } from "vitest";
import type { Row } from "../../../../providers/masumi/service/model.ts";
import {
  deadlineBy,
  queueLengths,
  queueSeconds,
  requestsBefore,
  waitMinutesFor,
} from "../../../../providers/masumi/service/rules/queue.ts";
import { V1, V2 } from "../inputs.ts";

const rowOf = (id: string, state: string, minute: number, walletVkey: string = V1.vkey) =>
  ({ id, state, walletVkey, updatedAt: `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z` }) as Row;

test.each([
  ["V1", 1, 75, 60],
  ["V1", 100, 7_500, 250],
  ["V2", 1, 75, 60],
  ["V2", 5, 75, 60],
  ["V2", 6, 150, 60],
  ["V2", 1_000, 15_000, 500],
] as const)(
  "%s: %i requests take a wallet %i s, and are waited for %i min",
  (type, requests, seconds, minutes) => {
    expect(queueSeconds(type, requests)).toBe(seconds);
    expect(waitMinutesFor(type, requests)).toBe(minutes);
  },
);

describe("the queue of a wallet", () => {
  const rows = [
    rowOf("sent", "RegistrationInitiated", 9),
    rowOf("earlier", "DeregistrationRequested", 1),
    rowOf("mine", "RegistrationRequested", 2),
    rowOf("later", "UpdateRequested", 3),
    rowOf("done", "RegistrationConfirmed", 1),
    rowOf("failed", "RegistrationFailed", 1),
    rowOf("of another wallet", "RegistrationRequested", 1, V2.vkey),
  ];
  const mine = rows[2] as Row;

  test("has what is under way and what was asked for earlier before a request", () => {
    expect(requestsBefore(mine, rows)).toBe(2);
    expect(requestsBefore(rows[0] as Row, rows)).toBe(0);
    expect([...queueLengths(rows)]).toEqual([
      [V1.vkey, 4],
      [V2.vkey, 1],
    ]);
  });

  test("decides how long is waited where no setting does, and never makes it shorter", () => {
    vi.useFakeTimers({ now: 0 });
    let queued = 0;
    const wait = { wallet: V1, queueLength: () => queued };
    const limited = deadlineBy({ ...wait, waitMinutes: 5 });
    const free = deadlineBy({ ...wait, waitMinutes: undefined });
    const expecting = deadlineBy({ ...wait, waitMinutes: undefined, expected: 200 });
    const minutes = () => [limited, free, expecting].map((deadline) => deadline() / 60_000);
    expect(minutes()).toEqual([5, 60, 500]);
    queued = 100;
    expect(minutes()).toEqual([5, 250, 500]);
    queued = 1;
    expect(minutes()).toEqual([5, 250, 500]);
    vi.useRealTimers();
  });
});
