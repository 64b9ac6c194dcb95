import type { Project } from "../../stacks/project.ts";
import { importDocument } from "../../stacks/documents.ts";
import { judgeImports, readImportable, writeImports } from "../../stacks/import/import.ts";
import { UserError } from "../../stacks/user-error.ts";
import { candidateText, importText, leftOutText, nextSteps } from "../import-report.ts";
import { print, printJson } from "../text.ts";
import { openStack } from "./open-stack.ts";

export interface ImportFlags {
  readonly stack: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * `import`: writes agents/<id>.yaml for registrations that are there already, so that up takes them over as they are.
 * Without names and --all it lists what could be imported. No file is ever overwritten. Exit code 1 when a registration
 * that was asked for was not imported.
 */
export async function importAgents(
  project: Project,
  asked: readonly string[],
  flags: ImportFlags,
): Promise<number> {
  if (flags.all && asked.length > 0) throw new UserError("Name registrations or use --all, not both.");
  const opened = await openStack(project, flags);
  if (typeof opened === "number") return opened;
  const { config, stack } = opened;

  const importable = await readImportable(project, opened);
  const isListing = asked.length === 0 && !flags.all;
  if (isListing && !flags.json) {
    print(candidateText(importable.ours) + leftOutText(importable.ofOthers));
    return 0;
  }
  const result = judgeImports(importable, asked.length > 0 ? asked : "all");
  const isWritten = !isListing && !flags.dryRun;
  if (isWritten) writeImports(project, result.drafts);
  if (flags.json) {
    printJson(importDocument(stack, result, isWritten));
  } else {
    process.stdout.write(importText(config, result, isWritten)); // with the files, perhaps
    if (flags.all) print(leftOutText(importable.ofOthers));
    if (isWritten) print(nextSteps(stack, result.drafts.length));
  }
  return result.refusals.length > 0 && !isListing ? 1 : 0;
}
