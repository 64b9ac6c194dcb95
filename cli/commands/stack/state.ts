import { cancel, deleteFromState, unprotect } from "../../../local/engine/stack/index.ts";
import { localRun } from "../../../stacks/local/local-stack.ts";
import type { Project } from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { confirmed } from "../../confirm.ts";
import { count, print, printProgress } from "../../text.ts";

const editOf = (project: Project, stack: string) => ({
  ...localRun(project, stack),
  onWarning: (message: string) => print(`warning: ${message}\n`, process.stderr),
});

/** `state unprotect`: lets the next run delete or replace these resources, or all of them. */
export async function stateUnprotect(
  project: Project,
  urns: readonly string[],
  { stack, all }: { readonly stack: string; readonly all?: boolean },
): Promise<number> {
  if (all !== true && urns.length === 0) throw new UserError("Name the URNs to unprotect, or use --all.");
  await unprotect(editOf(project, stack), all ? "all" : urns);
  print(
    `${all ? "All resources" : urns.length === 1 ? "Resource" : count(urns.length, "resource")} unprotected\n`,
  );
  return 0;
}

export interface StateDeleteFlags {
  readonly stack: string;
  readonly all?: boolean;
  readonly force?: boolean;
  readonly targetDependents?: boolean;
  readonly yes?: boolean;
  readonly nonInteractive?: boolean;
}

/** `state delete`: forgets resources, and leaves what they stand for alone. */
export async function stateDelete(
  project: Project,
  urns: readonly string[],
  flags: StateDeleteFlags,
): Promise<number> {
  const { all, force, targetDependents } = flags;
  if ((all === true) === urns.length > 0) throw new UserError("Name the URNs to delete, or use --all.");
  const what = all ? "every resource" : urns.length === 1 ? "this resource" : count(urns.length, "resource");
  const question = () =>
    `The state forgets ${what}: what is registered stays registered and what runs keeps running, ` +
    "and no later run removes it. Delete?";
  if (!(await confirmed(question, flags))) return 1;
  const options = { force: force === true, targetDependents: targetDependents === true };
  const deleted = await deleteFromState({ ...editOf(project, flags.stack), ...options }, all ? "all" : urns);
  print([`${count(deleted.length, "resource")} deleted from the state`, ...deleted, ""].join("\n"));
  return 0;
}

/** `cancel`: removes the lock of a run that ended without doing so. One of a run that goes on is left: that is interrupted with ^C. */
export async function cancelRun(
  project: Project,
  { stack, force }: { readonly stack: string; readonly force?: boolean },
): Promise<number> {
  const { removed, kept } = await cancel(localRun(project, stack), { force: force === true });
  for (const { description } of removed) print(`Removed the lock of ${description}.\n`);
  if (removed.length + kept.length === 0) print(`No run holds the stack ${stack}.\n`);
  for (const { description } of kept) {
    printProgress(
      `A run holds the stack ${stack}: ${description}. Interrupt it (^C, or SIGINT to that process): it finishes what it does and saves ` +
        "the state. If it runs on another machine and is gone for good: cancel --force",
    );
  }
  return kept.length > 0 ? 1 : 0;
}
