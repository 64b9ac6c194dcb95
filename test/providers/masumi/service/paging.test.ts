import { describe, expect, test, vi } from "vitest";
import { readAllPages } from "../../../../providers/masumi/service/client/paging.ts";
import { failureOf } from "../inputs.ts";

const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `row-${index}` }));
type Item = { id: string };

/** A list with the service's inclusive cursor; an unknown cursor answers with nothing. */
function listOf(items: Item[]) {
  const asked: (string | undefined)[] = [];
  const fetch = async (cursor: string | undefined, limit: number) => {
    asked.push(cursor);
    const from = cursor === undefined ? 0 : items.findIndex(({ id }) => id === cursor);
    return from < 0 ? [] : items.slice(from, from + limit);
  };
  return { fetch, asked };
}

describe("a list", () => {
  test.each([0, 1, 9, 10, 11, 18, 19, 20, 28, 100])("of %i rows is read to its end", async (count) => {
    const list = listOf(rows(count));
    const read = await readAllPages({ ...list, limit: 10, isLimitFree: false, count: async () => count });
    expect(read).toEqual(rows(count));
  });

  test("of one page is read once, and held against the count", async () => {
    const list = listOf(rows(9));
    const count = vi.fn<() => Promise<number>>(async () => 9);
    await readAllPages({ ...list, limit: 10, isLimitFree: true, count });
    expect(list.asked).toHaveLength(1);
    expect(count).toHaveBeenCalledTimes(1);
  });

  test.each([0, 9, 25])(
    "of %i rows that lacks what is counted says so, else it is an error",
    async (size) => {
      const pages = { ...listOf(rows(size)), limit: 10, isLimitFree: true, count: async () => size + 3 };
      const onShort = vi.fn<(missing: number) => void>();
      expect(await readAllPages({ ...pages, onShort })).toHaveLength(size);
      expect(onShort).toHaveBeenCalledExactlyOnceWith(3);
      expect(await failureOf(readAllPages(pages))).toMatchObject({ code: "LIST_UNSTABLE" });
    },
  );

  test("of one page that lacked a row for a moment is read again", async () => {
    const list = listOf(rows(9));
    let isShort = true;
    const fetch = async (cursor: string | undefined, limit: number) => {
      const page = await list.fetch(cursor, limit);
      const lacking = isShort ? page.slice(1) : page;
      isShort = false;
      return lacking;
    };
    const read = await readAllPages({ fetch, limit: 10, isLimitFree: true, count: async () => 9 });
    expect(read).toEqual(rows(9));
  });

  test("whose cursor row vanishes is read again from its start", async () => {
    const items = rows(30);
    const list = listOf(items);
    let wasRemoved = false;
    const fetch = async (cursor: string | undefined, limit: number) => {
      if (cursor !== undefined && !wasRemoved) {
        wasRemoved = true;
        items.splice(
          items.findIndex(({ id }) => id === cursor),
          1,
        );
      }
      return list.fetch(cursor, limit);
    };
    const read = await readAllPages({ fetch, limit: 10, isLimitFree: true });
    expect(read.map(({ id }) => id).toSorted()).toEqual(items.map(({ id }) => id).toSorted());
    expect(read).toHaveLength(29);
  });

  test("whose cursor rows always vanish is an error, never a short list", async () => {
    const list = listOf(rows(30));
    const fetch = async (cursor: string | undefined, limit: number) =>
      cursor ? [] : list.fetch(cursor, limit);
    expect(await failureOf(readAllPages({ fetch, limit: 10, isLimitFree: true }))).toMatchObject({
      code: "LIST_UNSTABLE",
    });
  });

  /** Rows 8 to 12 have one instant, so a page that ends among them may continue anywhere among them. */
  test("that loses a row at a page border is held against the count and read with other borders", async () => {
    const items = rows(25);
    const list = listOf(items);
    const fetch = async (cursor: string | undefined, limit: number) => {
      const page = await list.fetch(cursor, limit + 1);
      return page.filter(({ id }) => cursor !== "row-9" || id !== "row-10").slice(0, limit);
    };
    const read = await readAllPages({ fetch, limit: 10, isLimitFree: true, count: async () => 25 });
    expect(read.map(({ id }) => id).toSorted()).toEqual(items.map(({ id }) => id).toSorted());
    const uncounted = await readAllPages({ fetch, limit: 10, isLimitFree: true });
    expect(uncounted).toHaveLength(24);
  });
});
