import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readAll, rightsProblem } from "../../infra/fleet/index.ts";
import type { Row } from "../../providers/masumi/service/index.ts";
import type { Project } from "../project.ts";
import type { ReadStack } from "../read-stack.ts";
import { UserError } from "../user-error.ts";
import { type Draft, type ImportContext, judge } from "./judge.ts";
import { findNamed, undeclared } from "./select.ts";
import type { Reason } from "./transcribe.ts";

/** What can be imported into a stack, and what it is judged by. */
export interface Importable extends ImportContext {
  /** Registrations of the stack's wallets that no file declares, oldest first. */
  readonly ours: readonly Row[];
  /** The same with another owner's mark on them. */
  readonly ofOthers: readonly Row[];
}

/** A registration that was not imported. */
export interface Refusal {
  /** As it was asked for. */
  readonly asked: string;
  readonly row?: Row;
  readonly reasons: readonly Reason[];
}

export interface ImportResult {
  readonly drafts: readonly Draft[];
  readonly refusals: readonly Refusal[];
}

/**
 * Read what can be imported. The whole network is read: a registration may be on a wallet that has left the stack.
 *
 * @throws MasumiError if the key is of another network; ServiceError, RefusedError
 */
export async function readImportable(
  project: Project,
  { config, client, declared, urlOf, inState }: ReadStack,
  signal?: AbortSignal,
): Promise<Importable> {
  const refused = rightsProblem(await client.apiKeyStatus({ signal }), config, { spends: false });
  if (refused) throw refused;
  const [sources, { rows, skipped }] = await Promise.all([
    client.paymentSources({ signal }),
    readAll(client, { network: config.network, signal }),
  ]);
  const { agents } = declared;
  return {
    config,
    agents,
    survey: { sources, rows, skipped, missing: 0, holdings: [] },
    urlOf,
    inState,
    projectRoot: project.root,
    isFile: (id) =>
      ["yaml", "yml"].some((ending) => existsSync(join(project.root, config.agents, `${id}.${ending}`))),
    ...undeclared(rows, { config, agents }),
  };
}

type Wanted = { readonly asked: string; readonly row: Row } | Refusal;

/**
 * Return the files that take registrations over, and why others have none: of those asked for by id, agent identifier
 * or name, or of all that are undeclared and not another owner's. Nothing is written.
 */
export function judgeImports(importable: Importable, asked: readonly string[] | "all"): ImportResult {
  const wanted =
    asked === "all" ? importable.ours.map((row) => ({ asked: row.id, row })) : lookUp(asked, importable);
  const drafts: Draft[] = [];
  const refusals: Refusal[] = [];
  // One after another, since no two files may declare the same id, name or URL.
  for (const one of wanted) {
    if ("reasons" in one) {
      refusals.push(one);
      continue;
    }
    const agents = [...importable.agents, ...drafts.map(({ agent }) => agent)];
    const judged = judge(one.row, { ...importable, agents });
    if ("agent" in judged) drafts.push(judged);
    else refusals.push({ ...one, reasons: judged });
  }
  return { drafts, refusals };
}

function lookUp(asked: readonly string[], { survey }: ImportContext): Wanted[] {
  return [...new Set(asked)].map((name) => {
    const found = findNamed(name, survey);
    return "id" in found ? { asked: name, row: found } : { asked: name, reasons: [found] };
  });
}

/** Write the files of an import. No file is ever overwritten. @throws UserError when one was created in the meantime */
export function writeImports(project: Project, drafts: readonly Draft[]): void {
  for (const { agent, text } of drafts) {
    const file = join(project.root, agent.file);
    mkdirSync(dirname(file), { recursive: true });
    try {
      writeFileSync(file, text, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      throw new UserError(
        `${agent.file} was created in the meantime and is left alone. Run the import again.`,
      );
    }
  }
}
