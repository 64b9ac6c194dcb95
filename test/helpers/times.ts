import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/** What a file of tests took. */
export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

/** Reads Vitest's JSON report; no times if it was not written, as when a suite could not even start. */
export function vitestTimes(report: string, root: string): FileTime[] {
  if (!existsSync(report)) return [];
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  return testResults.map(({ name, startTime, endTime }) => ({
    file: relative(root, name),
    seconds: (endTime - startTime) / 1000,
  }));
}

/** Reads pytest's JUnit report, in which each test has its module and its time; no times if it was not written. */
export function pytestTimes(report: string): FileTime[] {
  if (!existsSync(report)) return [];
  const seconds = new Map<string, number>();
  for (const [, module = "", time] of readFileSync(report, "utf8").matchAll(
    /<testcase classname="([^"]*)"[^>]*? time="([\d.]+)"/g,
  )) {
    seconds.set(module, (seconds.get(module) ?? 0) + Number(time));
  }
  return [...seconds].map(([module, sum]) => ({
    file: `crew/${module.replaceAll(".", "/")}.py`,
    seconds: sum,
  }));
}
