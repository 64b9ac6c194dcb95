import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rightsProblem } from "../../infra/fleet/index.ts";
import { type Row, readRows } from "../../providers/masumi/service/index.ts";
import { type ImportContext, type Draft, judge } from "../../stacks/import/judge.ts";
import {
  type ImportResult,
  type Refusal,
  candidateText,
  importDocument,
  importText,
  leftOutText,
  nextSteps,
} from "../import-report.ts";
import { findNamed, undeclared } from "../../stacks/import/select.ts";
import type { Project } from "../../stacks/project.ts";
import { type ReadStack, readStack } from "../../stacks/read-stack.ts";
import { printJson } from "../../stacks/text.ts";
import { UserError } from "../../stacks/user-error.ts";
import { printComplaints } from "./validate.ts";

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
  if (flags.all && asked.length > 0) throw new UserError("Name registrations, or say --all; not both.");
  const opened = await readStack(project, flags.stack);
  const { declared, config, stack } = opened;
  if (declared.complaints.length > 0) return printComplaints(declared.complaints, flags.json === true);

  const context = await openContext(project, opened);
  const { ours, ofOthers } = undeclared(context.survey.rows, context);
  const isListing = asked.length === 0 && !flags.all;
  if (isListing && !flags.json) {
    process.stdout.write(candidateText(ours) + leftOutText(ofOthers));
    return 0;
  }

  const wanted = asked.length > 0 ? lookUp(asked, context) : ours.map((row) => ({ asked: row.id, row }));
  const result = judgeAll(wanted, context);
  const isWritten = !isListing && !flags.dryRun;
  if (isWritten) for (const draft of result.drafts) writeNew(project, draft);
  if (flags.json) {
    printJson(importDocument(stack, result, isWritten));
  } else {
    process.stdout.write(importText(config, result, isWritten));
    if (flags.all) process.stdout.write(leftOutText(ofOthers));
    if (isWritten) process.stdout.write(nextSteps(stack, result.drafts.length));
  }
  return result.refusals.length > 0 && !isListing ? 1 : 0;
}

/** Reads the whole network: a registration may be on a wallet that has left the stack. */
async function openContext(project: Project, opened: ReadStack): Promise<ImportContext> {
  const { config, client, declared, urlOf } = opened;
  const refused = rightsProblem(await client.apiKeyStatus(), config, { spends: false });
  if (refused) throw refused;
  const [sources, rows] = await Promise.all([
    client.paymentSources(),
    readRows(client, { network: config.network }),
  ]);
  return {
    config,
    agents: declared.agents,
    survey: { sources, rows },
    urlOf,
    projectRoot: project.root,
    isFile: (id) => ["yaml", "yml"].some((ending) => existsSync(join(project.agents, `${id}.${ending}`))),
  };
}

type Wanted = { readonly asked: string; readonly row: Row } | Refusal;

function lookUp(asked: readonly string[], { survey }: ImportContext): Wanted[] {
  return [...new Set(asked)].map((name) => {
    const found = findNamed(name, survey.rows);
    return "id" in found ? { asked: name, row: found } : { asked: name, reasons: [found] };
  });
}

/** One after another, since no two files may declare the same id, name or URL. */
function judgeAll(wanted: readonly Wanted[], context: ImportContext): ImportResult {
  const drafts: Draft[] = [];
  const refusals: Refusal[] = [];
  for (const one of wanted) {
    if ("reasons" in one) {
      refusals.push(one);
      continue;
    }
    const agents = [...context.agents, ...drafts.map(({ agent }) => agent)];
    const judged = judge(one.row, { ...context, agents });
    if ("agent" in judged) drafts.push(judged);
    else refusals.push({ ...one, reasons: judged });
  }
  return { drafts, refusals };
}

/** @throws UserError when the file has come to be there meanwhile */
function writeNew(project: Project, { agent, text }: Draft): void {
  mkdirSync(project.agents, { recursive: true });
  try {
    writeFileSync(join(project.root, agent.file), text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UserError(
      `${agent.file} has come to be there meanwhile and is left alone. Run the import again.`,
    );
  }
}
