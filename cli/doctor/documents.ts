import { placeStoredDocuments } from "../../infra/crews/stored-documents.ts";
import { isStoredReference } from "../../infra/declarations/index.ts";
import { hasStableCode } from "../../providers/common/coded-error.ts";
import type { Project } from "../../stacks/project.ts";
import { count } from "../text.ts";
import type { StackToHost } from "./cloud.ts";
import { type Verdict, fail, ok, skip } from "./finding.ts";

const SHOWN = 5;

/** Whether every document that agents declare as stored is there, and is the one that is meant. */
export async function checkStored(project: Project, { config, agents }: StackToHost): Promise<Verdict[]> {
  const declared = agents.flatMap(({ documents }) => documents.filter(isStoredReference)).length;
  if (declared === 0) return [skip("no agent has documents that are stored")];
  const where = config.documentsFolder ?? `the bucket ${config.documents?.bucket ?? ""}`;
  const remedy = "store the files again, each under its SHA-256, or correct masumi:documents";
  try {
    const problems = await placeStoredDocuments({ config, projectRoot: project.root, agents });
    if (problems.length === 0) return [ok(`${count(declared, "stored document")} in ${where}`)];
    return problems.slice(0, SHOWN).map(({ message }) => fail(message.split("\n", 1)[0] ?? message, remedy));
  } catch (error) {
    if (!hasStableCode(error)) throw error;
    return [fail(error.message, remedy)];
  }
}
