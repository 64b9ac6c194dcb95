import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * Packages that CrewAI loads only for what it is asked to do. The runtime goes without them, so that every crew's environment
 * stays small; a crew whose code asks for one gets it beside its own packages.
 */

const IN_PYTHON: Readonly<Record<string, RegExp>> = {
  tools: /^[ \t]*(?:from|import)[ \t]+crewai_tools\b/m,
  memory: /\bmemory[ \t]*=[ \t]*(?:True\b|\w*Memory\w*\()|\b\w*Memory\(/,
  pdf: /\bPDFKnowledgeSource\b/,
  excel: /\bExcelKnowledgeSource\b/,
};

const IN_YAML: Readonly<Record<string, RegExp>> = { memory: /^[ \t]*memory:[ \t]*true\b/m };

/** Returns the extras of the runtime that an author's files ask for; `files` are relative to `folder`. */
export function extrasAskedFor(folder: string, files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const file of files) {
    const signs = file.endsWith(".py") ? IN_PYTHON : /\.ya?ml$/.test(file) ? IN_YAML : undefined;
    if (!signs) continue;
    // A comment asks for nothing.
    const code = readFileSync(join(folder, file), "utf8").replaceAll(/(^|\s)#.*$/gm, "");
    for (const [extra, sign] of Object.entries(signs)) if (sign.test(code)) found.add(extra);
  }
  return [...found].toSorted();
}
