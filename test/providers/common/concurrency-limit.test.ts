import { describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "../../../providers/common/concurrency-limit.ts";

const never = (): Promise<void> => new Promise(() => undefined);

/** Whether a task would begin at once. */
const hasRoom = (limit: ConcurrencyLimit): Promise<boolean> =>
  Promise.race([limit.room().then(() => true), new Promise<false>((no) => setImmediate(() => no(false)))]);

describe("a limit of two tasks at a time", () => {
  it("has room until there are two", async () => {
    const limit = new ConcurrencyLimit(2);
    void limit.run(never);
    expect(await hasRoom(limit)).toBe(true);
    void limit.run(never);
    expect(await hasRoom(limit)).toBe(false);
  });

  it.each([
    ["succeeded", (task: PromiseWithResolvers<void>) => task.resolve()],
    ["failed", (task: PromiseWithResolvers<void>) => task.reject(new Error("no"))],
  ])("has room again once one has %s, and only for one", async (_, settle) => {
    const limit = new ConcurrencyLimit(2);
    const task = Promise.withResolvers<void>();
    void limit.run(never);
    const ended = limit.run(() => task.promise).catch(() => undefined);
    const waits = limit.room();
    settle(task);
    await Promise.all([ended, waits]);
    expect(await hasRoom(limit)).toBe(true);
    void limit.run(never);
    expect(await hasRoom(limit)).toBe(false);
  });
});
