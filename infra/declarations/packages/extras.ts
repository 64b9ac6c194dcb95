import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * Packages that CrewAI loads only for what it is asked to do. The runtime goes without them, so that every crew's environment
 * stays small; a crew whose code asks for one gets it beside its own packages.
 */

const SIGNS: Readonly<Record<string, RegExp>> = {
  tools: /^[ \t]*(?:from|import)[ \t]+crewai_tools\b/m,
  excel: /\bExcelKnowledgeSource\b/,
};

/** Returns the extras of the runtime that an author's files ask for; `files` are relative to `folder`. */
export function extrasAskedFor(folder: string, files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const file of files.filter((name) => name.endsWith(".py"))) {
    // A comment asks for nothing.
    const code = readFileSync(join(folder, file), "utf8").replaceAll(/(^|\s)#.*$/gm, "");
    for (const [extra, sign] of Object.entries(SIGNS)) if (sign.test(code)) found.add(extra);
  }
  return [...found].toSorted();
}
