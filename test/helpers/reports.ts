import { existsSync, readFileSync } from "node:fs";

/** What a file of tests took. */
export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

/** A test or a hook that failed, or an error that no test was waiting for. */
export interface Failure {
  readonly file: string;
  readonly test: string;
  /** The first line of what it said. */
  readonly message: string;
}

export interface Report {
  readonly times: readonly FileTime[];
  readonly failures: readonly Failure[];
}

const SUITE = /<testsuite name="([^"]*)"[^>]*? time="([\d.]+)"[^>]*>([\s\S]*?)<\/testsuite>/g;
const CASE =
  /<testcase classname="([^"]*)" name="([^"]*)" time="([\d.]+)"(?:\s*\/>|>([\s\S]*?)<\/testcase>)/g;
const FAILURE = /<(?:failure|error) message="([^"]*)"/;
const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  lt: "<",
  gt: ">",
  amp: "&",
  "#10": "\n",
};

const unescaped = (xml: string): string =>
  xml.replaceAll(/&([^;]+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

const failureIn = (testcase: string): string | undefined => {
  const message = FAILURE.exec(testcase)?.[1];
  return message === undefined ? undefined : unescaped(message).trim().split("\n", 1)[0];
};

/**
 * Reads a JUnit report of Vitest, which has a suite for each file (its hooks' time is in the suite's), or of pytest, which has one suite and
 * names each test's module. Tells nothing if it was not written, as when the tests could not even start.
 */
export function junitReport(path: string): Report {
  if (!existsSync(path)) return { times: [], failures: [] };
  const seconds = new Map<string, number>();
  const failures: Failure[] = [];
  for (const [, suite = "", suiteTime, tests = ""] of readFileSync(path, "utf8").matchAll(SUITE)) {
    const pytest = suite === "pytest";
    if (!pytest) seconds.set(suite, Number(suiteTime));
    for (const [, className = "", test = "", time, inside = ""] of tests.matchAll(CASE)) {
      const file = pytest ? `crew/${className.replaceAll(".", "/")}.py` : className;
      if (pytest) seconds.set(file, (seconds.get(file) ?? 0) + Number(time));
      const message = failureIn(inside);
      if (message !== undefined) failures.push({ file, test: unescaped(test), message });
    }
  }
  return { times: [...seconds].map(([file, sum]) => ({ file, seconds: sum })), failures };
}
