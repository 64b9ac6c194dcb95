import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { appendLine } from "../../../../providers/masumi/service/ledger/ledger-file.ts";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn<typeof open>(real.open) };
});

const temporaryFolder = () => mkdtempSync(join(tmpdir(), "masumi-ledger-"));
const numbers = Array.from({ length: 300 }, (_, index) => `line ${index}`);

test("lines that are appended together share writes, and each is on disk, in order, when its append returns", async () => {
  const file = join(temporaryFolder(), "made", "for", "it", "ledger.jsonl");
  await Promise.all(
    numbers.map(async (line, index) => {
      await appendLine(file, line);
      expect(readFileSync(file, "utf8").split("\n")[index]).toBe(line);
    }),
  );
  expect(readFileSync(file, "utf8")).toBe(`${numbers.join("\n")}\n`);
  // In vain, as there is no folder yet, and once for all of them.
  expect(vi.mocked(open)).toHaveBeenCalledTimes(2);
});

test("after a line that was cut off, lines begin on a line of their own", async () => {
  const file = join(temporaryFolder(), "ledger.jsonl");
  writeFileSync(file, "whole\ncut o");
  await Promise.all([appendLine(file, "one"), appendLine(file, "two")]);
  expect(readFileSync(file, "utf8")).toBe("whole\ncut o\none\ntwo\n");
});

test("a write that fails fails each of its lines, and not those after it", async () => {
  const file = join(temporaryFolder(), "ledger.jsonl");
  mkdirSync(file);
  const failed = await Promise.allSettled([appendLine(file, "one"), appendLine(file, "two")]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  rmdirSync(file);
  await appendLine(file, "three");
  expect(readFileSync(file, "utf8")).toBe("three\n");
});
