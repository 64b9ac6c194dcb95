import { posix } from "node:path";
import { TomlError, parse } from "smol-toml";
import { z } from "zod";
import { type EntryPoint, JSON_CREW } from "../agent.ts";
import { CREW_JSON } from "./json-crew.ts";
import type { OwnFiles, ReportIn } from "./own-files.ts";
import { nearest } from "../schema/suggest.ts";

/** What says what a project runs; everything else is whoever installs its packages' to judge. */
const pyprojectSchema = z.object({
  project: z.object({ name: z.string().optional() }).optional(),
  tool: z
    .object({
      crewai: z.object({ type: z.string().optional(), definition: z.string().optional() }).optional(),
    })
    .optional(),
});
type Pyproject = z.output<typeof pyprojectSchema>;

const PYPROJECT = "pyproject.toml";

/** A package of the project with a module that may be its entry point. */
interface Package {
  /** The folder that it is imported from. */
  readonly base: "src" | ".";
  readonly name: string;
}

const MODULE_OF = { crew: "crew", flow: "main" } as const;

/**
 * Finds what a project as CrewAI's command line makes it runs: src/<package>/crew.py, or src/<package>/main.py of a Flow. Complains
 * of what cannot be served, each at its line in pyproject.toml.
 *
 * @returns undefined if there is none, which is complained of
 */
export function projectEntry(files: OwnFiles, report: ReportIn): EntryPoint | undefined {
  const pyproject = readPyproject(files, report);
  if (!pyproject) return undefined;
  const { type, definition } = pyproject.tool?.crewai ?? {};
  const isJsonCrew =
    definition === undefined ? files.has(CREW_JSON) && type !== "flow" : definition === CREW_JSON;
  if (isJsonCrew) return { kind: "crew", module: JSON_CREW, paths: ["."] };
  if (definition !== undefined) {
    report(
      PYPROJECT,
      offsetOf(files, "definition"),
      `the ${type ?? "crew"} is defined in ${definition}, which the crew runtime does not read`,
      type === "flow"
        ? "write it in Python, as crewai create flow makes it"
        : `call it ${CREW_JSON}, as crewai create crew does`,
    );
    return undefined;
  }
  if (type !== undefined && type !== "crew" && type !== "flow") {
    const near = nearest(type, ["crew", "flow"]);
    report(
      PYPROJECT,
      offsetOf(files, "type"),
      `[tool.crewai] type is "${type}"`,
      near ? `did you mean "${near}"?` : 'write "crew" or "flow"',
    );
    return undefined;
  }
  return type === undefined
    ? (entryOf(files, pyproject, "crew", report) ?? entryOf(files, pyproject, "flow", report))
    : entryOf(files, pyproject, type, report);
}

/** Returns the entry point of a kind: of the only package that has one, or of the one that is called like the project. */
function entryOf(
  files: OwnFiles,
  { project }: Pyproject,
  kind: EntryPoint["kind"],
  report: ReportIn,
): EntryPoint | undefined {
  const module = MODULE_OF[kind];
  const packages = packagesWith(files, module);
  const called = project?.name?.replaceAll(/[-.]+/g, "_");
  const one =
    packages.find(({ name }) => name === called) ?? (packages.length === 1 ? packages[0] : undefined);
  if (one) return { kind, module: `${one.name}.${module}`, paths: [one.base] };
  if (packages.length > 1) {
    const names = packages.map(({ base, name }) => posix.join(base, name, `${module}.py`)).join(", ");
    report(
      PYPROJECT,
      offsetOf(files, "name"),
      `several packages could be what runs: ${names}`,
      `give the project the name of one, or keep one ${module}.py`,
    );
  }
  return undefined;
}

/** Packages in src/ or, in a project without any there, beside pyproject.toml. */
function packagesWith(files: OwnFiles, module: string): Package[] {
  const inFolder = (base: Package["base"], pattern: RegExp) =>
    files.paths.flatMap((path): Package[] => {
      const [, name, file] = pattern.exec(path) ?? [];
      return name !== undefined && file === module && name !== "tests" ? [{ base, name }] : [];
    });
  const inSource = inFolder("src", /^src\/([A-Za-z_]\w*)\/(\w+)\.py$/);
  return inSource.length > 0 ? inSource : inFolder(".", /^([A-Za-z_]\w*)\/(\w+)\.py$/);
}

/** Returns what pyproject.toml says; nothing if there is none; undefined if it cannot be read, which is complained of. */
function readPyproject(files: OwnFiles, report: ReportIn): Pyproject | undefined {
  try {
    const parsed = pyprojectSchema.safeParse(parse(files.text(PYPROJECT)));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const path = issue?.path.map(String) ?? [];
    report(
      PYPROJECT,
      offsetOf(files, path.at(-1) ?? ""),
      `${path.join(".")} is not text`,
      "write it in quotes",
    );
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const lines = files
      .text(PYPROJECT)
      .split("\n")
      .slice(0, error.line - 1);
    const offset = lines.join("\n").length + (lines.length > 0 ? 1 : 0) + error.column - 1;
    const [what = ""] = error.message.split("\n");
    report(PYPROJECT, offset, what, "correct it as shown on https://toml.io");
  }
  return undefined;
}

/** Returns where pyproject.toml gives a key a value for the first time; its beginning if nowhere. */
const offsetOf = (files: OwnFiles, key: string): number =>
  Math.max(0, files.text(PYPROJECT).search(new RegExp(String.raw`^[ \t]*"?${key}"?[ \t]*=`, "m")));
