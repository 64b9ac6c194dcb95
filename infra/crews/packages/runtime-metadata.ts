import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { normalName, parseRequirement } from "../../declarations/index.ts";

/** What the resolver is told of the runtime's packages, so that they bring nothing that the runtime goes without. */
export interface RuntimeMetadata {
  readonly packages: readonly PackageMetadata[];
  /** What these packages ask of those that the runtime goes without, if somebody brings them. */
  readonly constraints: readonly string[];
}

export interface PackageMetadata {
  readonly name: string;
  readonly version: string;
  /** Only what its extras need: all else is in the runtime, or left out on purpose. */
  readonly requires: readonly string[];
  readonly extras: readonly string[];
}

const EXTRA = /\bextra\s*==/;

/** Reads the metadata of the installed packages of the runtime; `installed` are their names. */
export function runtimeMetadata(venv: string, installed: ReadonlySet<string>): RuntimeMetadata {
  const found = globSync("lib/python3.*/site-packages/*.dist-info/METADATA", { cwd: venv })
    .toSorted()
    .map((file) => headersOf(readFileSync(join(venv, file), "utf8")))
    .filter((headers) => installed.has(normalName(headers("Name")[0] ?? "")));
  const isLeftOut = (line: string): boolean => {
    const name = parseRequirement(line)?.name;
    return name !== undefined && !installed.has(name);
  };
  return {
    packages: found.map((headers) => ({
      name: normalName(headers("Name")[0] ?? ""),
      version: headers("Version")[0] ?? "",
      requires: headers("Requires-Dist").filter((line) => EXTRA.test(line)),
      extras: headers("Provides-Extra"),
    })),
    constraints: [
      ...new Set(
        found
          .flatMap((headers) => headers("Requires-Dist").filter((line) => !EXTRA.test(line)))
          .filter(isLeftOut)
          .map(withoutExtras),
      ),
    ].toSorted(),
  };
}

/** Metadata of a package are headers as those of a mail; a text follows after an empty line. */
function headersOf(metadata: string): (name: string) => string[] {
  const [headers = ""] = metadata.split(/\r?\n\r?\n/, 1);
  return (name) =>
    [...headers.matchAll(new RegExp(`^${name}: (.*)$`, "gm"))].map(([, value = ""]) => value.trim());
}

/** A constraint may not name extras. */
const withoutExtras = (line: string): string => line.replace(/^([\w.-]+)\s*\[[^\]]*\]/, "$1");
