import type { FolderPackages, RuntimePackages } from "../../declarations/index.ts";
import { HostingError } from "../errors.ts";

interface Asked {
  readonly folder: string;
  readonly declared: FolderPackages["wanted"]["declared"];
  readonly runtime: Pick<RuntimePackages, "versions">;
}

/** What the resolver says when a package cannot be had, and what that means. */
const REASONS: readonly (readonly [RegExp, (name: string, rest: string) => string])[] = [
  [/\b([\w.-]+) was not found in the package registry/, (name) => `the package index has no ${name}`],
  [
    /\bonly ([\w.-]+?)((?:[<>=]=?)\S+) (?:is|are) available/,
    (name, versions) => `there is only ${name}${versions}`,
  ],
  [
    /\bthere is no version of ([\w.-]+?)((?:[<>=~!]=?)\S+)/,
    (name, versions) => `there is no ${name}${versions}`,
  ],
  [
    /\b([\w.-]+?)(?:[<>=]=?\S+)? ha(?:s|ve) no usable wheels/,
    (name) => `${name} has no wheel, and nothing is built from source, which would run its code here`,
  ],
];

/** The conclusion comes last; what leads to it can be hundreds of lines. */
const LINES_SHOWN = 12;

/**
 * Explains why packages cannot be locked: the requirements that the resolver speaks of, at their places, and what stands
 * against them. Returns undefined if it has failed for another reason, such as a network that is down.
 */
export function explainResolver(
  said: string,
  { folder, declared, runtime }: Asked,
): HostingError | undefined {
  if (!said.includes("No solution found")) return undefined;
  const isNamed = (name: string) => new RegExp(`(?<![\\w.-])${name}(?![\\w-])`, "i").test(said);
  const clashes = [...runtime.versions].flatMap(([name, versions]) =>
    versions.some((version) => said.includes(`${name}==${version}`))
      ? [`the crew runtime has ${name} ${versions.join(" and ")}`]
      : [],
  );
  const reasons = REASONS.flatMap(([pattern, reason]) => {
    const [, name, rest = ""] = pattern.exec(said) ?? [];
    return name === undefined ? [] : [reason(name, rest.replace(/,$/, ""))];
  });
  const why = [clashes, reasons].find(({ length }) => length > 0) ?? ["nothing fits them all"];
  const places = declared
    .filter(({ name }) => isNamed(name))
    .map(({ file, line, column, text }) => `${file}:${line}:${column}: ${text}, but ${why.join(", ")}`);
  const lines = said
    .replace(/^hint:[\s\S]*/m, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("Using "));
  return new HostingError(
    "PACKAGES_UNUSABLE",
    [
      `The packages of ${folder} cannot be locked${places.length === 0 ? `: ${why.join(", ")}` : ""}.`,
      ...places,
      "The resolver's conclusion:",
      ...lines.slice(-LINES_SHOWN),
    ].join("\n"),
    "Ask for other versions, or add a Dockerfile to run an image of your own.",
  );
}
