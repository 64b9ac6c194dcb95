import { describe, expect, it } from "vitest";
import { AtOnce } from "../../infra/at-once.ts";

/** Whether there is room without waiting. */
const hasRoom = (work: AtOnce): Promise<boolean> =>
  Promise.race([work.room().then(() => true), new Promise<false>((no) => setImmediate(() => no(false)))]);

describe("work of which so many pieces may be under way", () => {
  it("has room until there are as many", async () => {
    const work = new AtOnce(2);
    work.add(new Promise(() => {}));
    expect(await hasRoom(work)).toBe(true);
    work.add(new Promise(() => {}));
    expect(await hasRoom(work)).toBe(false);
  });

  it.each([
    ["succeeded", (piece: PromiseWithResolvers<void>) => piece.resolve()],
    ["failed", (piece: PromiseWithResolvers<void>) => piece.reject(new Error("no"))],
  ])("has room again when one has %s", async (_, settle) => {
    const work = new AtOnce(1);
    const piece = Promise.withResolvers<void>();
    work.add(piece.promise);
    const waits = work.room();
    settle(piece);
    await waits;
    expect(await hasRoom(work)).toBe(true);
  });
});
