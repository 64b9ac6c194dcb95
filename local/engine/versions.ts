const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/u;

/** Whether a text is a semantic version, written in full. */
export const isVersion = (text: string): boolean => VERSION.test(text);

/** Negative when `a` is older. A leading "v" is allowed; what follows "+" does not count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const index of [0, 1, 2]) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // A pre-release comes before its release.
  if (left.pre === right.pre) return 0;
  if (left.pre === "" || right.pre === "") return left.pre === "" ? 1 : -1;
  return left.pre.localeCompare(right.pre, "en", { numeric: true });
}

function partsOf(text: string): { numbers: number[]; pre: string } {
  const [release = "", ...pre] = text.replace(/^v/u, "").replace(/\+.*$/u, "").split("-");
  return { numbers: release.split(".").map(Number), pre: pre.join("-") };
}

/** The name of the default provider of a package in this version: `default_1_2_3`. */
export function defaultProviderName(version: string): string {
  return version === "" ? "default" : `default_${version.replaceAll(/[.+-]/gu, "_")}`;
}
