import { unprotect } from "../../local/engine/stack/index.ts";
import { localRun } from "../../stacks/local-stack.ts";
import { LOCAL_STACK, type Project } from "../../stacks/project.ts";
import { passToPulumi } from "../pulumi.ts";
import { UserError } from "../../stacks/user-error.ts";
import { count } from "../text.ts";

/** `state unprotect`: lets the next run delete or replace these resources, or all of them. */
export async function stateUnprotect(
  project: Project,
  urns: readonly string[],
  { stack, all }: { readonly stack: string; readonly all?: boolean },
): Promise<number> {
  if (all !== true && urns.length === 0) throw new UserError("Name the URNs to unprotect, or use --all.");
  if (stack !== LOCAL_STACK) {
    return passToPulumi(project, [
      "state",
      "unprotect",
      ...(all ? ["--all"] : urns),
      "--yes",
      "--stack",
      stack,
    ]);
  }
  const onWarning = (message: string) => void process.stderr.write(`warning: ${message}\n`);
  await unprotect({ ...localRun(project, 0), onWarning }, all ? "all" : urns);
  process.stdout.write(
    `${all ? "All resources" : urns.length === 1 ? "Resource" : count(urns.length, "resource")} unprotected\n`,
  );
  return 0;
}
