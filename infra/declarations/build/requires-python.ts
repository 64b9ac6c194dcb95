/** The versions of Python that the crew runtime runs on (crew/pyproject.toml), and the one of its image (crew/Dockerfile). */
export const RUNTIME_PYTHONS = ["3.11", "3.12", "3.13"] as const;
export const IMAGE_PYTHON = "3.12";

/** Higher than any release of a minor version has. */
const LATEST_RELEASE = 999;

/**
 * Returns whether some release of a minor version of Python may meet a project's `requires-python`. What is not understood is
 * met: whoever installs the project's packages decides.
 *
 * @example admits(">=3.10,<3.14", "3.12") // true
 */
export const admits = (specifier: string, minor: string): boolean =>
  specifier
    .split(",")
    .map((clause) => clause.trim())
    .filter(Boolean)
    .every((clause) => clauseAdmits(clause, minor));

function clauseAdmits(clause: string, minor: string): boolean {
  const [, operator, version = "", wildcard] =
    /^(~=|===?|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?$/.exec(clause) ?? [];
  const asked = version.split(".").map(Number);
  const first = compare([...minor.split(".").map(Number), 0], asked);
  const last = compare([...minor.split(".").map(Number), LATEST_RELEASE], asked);
  const isWithin = `${minor}.`.startsWith(`${version}.`) || (!wildcard && version.startsWith(`${minor}.`));
  switch (operator) {
    case ">=":
      return last >= 0;
    case ">":
      return last > 0;
    case "<=":
      return first <= 0;
    case "<":
      return first < 0;
    case "==":
    case "===":
      return isWithin;
    case "!=":
      return !(wildcard && `${minor}.`.startsWith(`${version}.`));
    case "~=":
      return last >= 0 && `${minor}.`.startsWith(`${asked.slice(0, -1).join(".")}.`);
    default:
      return true;
  }
}

/** Compares versions number by number; missing numbers are zero. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
