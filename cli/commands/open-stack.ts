import type { Project } from "../../stacks/project.ts";
import { type ReadStack, readStack } from "../../stacks/read-stack.ts";
import { printProgress } from "../text.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { printWithSettings } from "./validate.ts";

/**
 * Opens a stack for a command that only looks at it. If its files are wrong, prints why, together with what is wrong with its
 * settings, and returns the exit code instead.
 */
export async function openStack(
  project: Project,
  { stack, json = false }: { readonly stack: string; readonly json?: boolean },
): Promise<ReadStack | number> {
  try {
    const opened = await readStack(project, stack, { env: process.env, onSlow: printProgress });
    const { complaints } = opened.declared;
    return complaints.length > 0 ? printComplaints(complaints, json) : opened;
  } catch (error) {
    return printWithSettings(project, error, { stack, json });
  }
}
