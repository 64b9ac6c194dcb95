import { lockPackages, lockSentence } from "../../../infra/crews/packages/lock.ts";
import { LOCK_FILE, codeFolders } from "../../../infra/declarations/index.ts";
import { loadStackAgents } from "../../../stacks/agents.ts";
import type { Project } from "../../../stacks/project.ts";
import { print, printJson, printProgress } from "../../text.ts";
import { printComplaints } from "../../doctor/complaints.ts";

/** `lock`: writes the locks that are missing or stale, for pipelines, which refuse to. Exit code 0, or 1 with complaints. */
export async function lock(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean },
): Promise<number> {
  const json = flags.json === true;
  // A missing lock is a complaint in a pipeline, but not of whoever is about to write it.
  const { readable, complaints } = loadStackAgents(project, flags.stack, { secretsMayFollow: true });
  if (complaints.length > 0) return printComplaints(complaints, json);
  const written = await lockPackages(project.root, codeFolders(readable), printProgress);
  if (json) printJson({ written });
  else if (written.length > 0) print(`${written.map(lockSentence).join("\n")}\n`);
  else {
    print(`Nothing to write: every ${LOCK_FILE} is as its code requires.\n`);
  }
  return 0;
}
