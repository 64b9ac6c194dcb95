import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AgentSource, EntryPoint } from "../agent.ts";
import { type HostingKind, TRAITS } from "../../hosting/traits.ts";
import { filesInFolder, folderProblems } from "../load/build-folder.ts";
import type { Complaint } from "../load/complaint.ts";
import type { Complain } from "../load/located.ts";
import { type PathProblem, pathProblem } from "../load/repository.ts";
import { type CodeContext, checkCode } from "./code.ts";
import { OwnFiles } from "./own-files.ts";
import { projectEntry } from "./project.ts";
import { importsOf, pythonSource } from "./python-source.ts";
import { checkStartedCommand } from "./started-command.ts";

export interface FolderContext extends CodeContext {
  readonly projectRoot: string;
  readonly hosting: HostingKind;
}

/** What makes a folder one of a kind, the first that it has: an image of its author's own, a lone crew.py, or a project. */
const MARKS = ["Dockerfile", "crew.py", "pyproject.toml"] as const;

/** A folder of crew.py alone, which is imported by that name. */
const LONE_CREW: EntryPoint = { kind: "crew", module: "crew", paths: ["."] };

/**
 * Returns what a folder that `build:` names is: an author's own image, or code for the crew runtime. Complains of what cannot be
 * built or served: by `complain` at the declaration, in `complaints` at a line of one of the folder's files.
 */
export function resolveFolder(
  folder: string,
  context: FolderContext,
  complain: Complain,
  complaints: Complaint[],
): AgentSource {
  const { projectRoot, hosting } = context;
  const problem = pathProblem(projectRoot, context.file, folder, "folder");
  if (problem) {
    complain(["build"], problem.message, problem.remedy);
    return { kind: "build", folder };
  }
  const holds = (name: string) =>
    statSync(join(projectRoot, folder, name), { throwIfNoEntry: false })?.isFile() ?? false;
  const files = new OwnFiles(projectRoot, folder);
  const mark = MARKS.find(holds) ?? (hasPackage(files) ? "pyproject.toml" : undefined);
  const parts = mark === "Dockerfile" ? filesInFolder(join(projectRoot, folder)) : files.paths;
  if (mark)
    complainOfFiles(folderProblems(projectRoot, folder, parts, holds(mark) ? mark : undefined), complain);
  if (mark === "Dockerfile") {
    if (!TRAITS[hosting].runsImages) {
      const code = holds("crew.py") ? "crew.py" : hasPackage(files) ? "the project" : undefined;
      const remedy = code ? `remove it if ${code} needs no more than Python packages` : OTHER_SOURCE;
      complain(["build"], `hosting ${hosting} cannot build a Dockerfile`, remedy);
    } else {
      checkStartedCommand(files, holds("crew.py") || hasPackage(files), files.reportTo(complaints));
    }
    return { kind: "build", folder };
  }
  if (!mark) complainOfNothing(folder, files, complain);
  const entry = mark === "pyproject.toml" ? entryOfProject(files, complain, complaints) : LONE_CREW;
  if (!entry) return { kind: "code", folder, entry: LONE_CREW };
  if (entry === LONE_CREW) checkLone(projectRoot, files, complain);
  checkCode(files, entry, context, complain, complaints);
  return { kind: "code", folder, entry };
}

export const OTHER_SOURCE = "declare a crew, or another source for this stack in overrides";

const PACKAGE = /^(src\/)?[A-Za-z_]\w*\/(crew|main)\.py$|^crew\.jsonc$/;
const hasPackage = ({ paths }: OwnFiles): boolean => paths.some((path) => PACKAGE.test(path));

function complainOfNothing(folder: string, files: OwnFiles, complain: Complain): void {
  if (files.paths.length === 0) {
    complain(
      ["build"],
      `"${folder}" has no files that a clone of the repository has`,
      "add them; if the folder is a git repository of its own (crewai create makes one), remove its .git first",
    );
    return;
  }
  complain(
    ["build"],
    `"${folder}" has no crew.py, no Dockerfile, and no src/<package>/crew.py or main.py`,
    "name the folder that has one of them",
  );
}

function entryOfProject(
  files: OwnFiles,
  complain: Complain,
  complaints: Complaint[],
): EntryPoint | undefined {
  const before = complaints.length;
  const entry = projectEntry(files, files.reportTo(complaints));
  if (!entry && complaints.length === before) {
    complain(
      ["build"],
      `the project in "${files.folder}" has nothing to run`,
      "add src/<package>/crew.py with a class under @CrewBase, or src/<package>/main.py with a Flow",
    );
  }
  return entry;
}

/** Complains of the package of a project that is taken for a folder of its own: its imports would not be found. */
function checkLone(projectRoot: string, files: OwnFiles, complain: Complain): void {
  const { folder } = files;
  const project = dirname(dirname(folder));
  if (basename(dirname(folder)) !== "src" || !existsSync(join(projectRoot, project, "pyproject.toml")))
    return;
  const name = basename(folder);
  const imports = importsOf(pythonSource("crew.py", files.text("crew.py")));
  if (!imports.some(({ module }) => module.startsWith(".") || module.split(".", 1)[0] === name)) return;
  const remedy = `write build: ${project}`;
  complain(["build"], `"${folder}" is the package of a project, which is imported by its name`, remedy);
}

/** A folder may hold thousands of files that cannot be built: a few show what is wrong. */
const MOST_FILES = 5;

function complainOfFiles(problems: readonly PathProblem[], complain: Complain): void {
  for (const { message, remedy } of problems.slice(0, MOST_FILES)) complain(["build"], message, remedy);
}
