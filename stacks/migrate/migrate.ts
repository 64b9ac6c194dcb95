import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { Agent, Complaint } from "../../infra/declarations/index.ts";
import { type Examination, type PlannedAgent, costOf } from "../../infra/fleet/index.ts";
import { agentsFolder, loadStackAgents } from "../agents.ts";
import { declarationsWith } from "../promote/declaration.ts";
import { type PlanDocument, planDocument } from "../documents.ts";
import { type CallOptions, type Project, stackNames } from "../project.ts";
import { type ReadStack, declaring, planStack } from "../read-stack.ts";
import { unknownAgent } from "../unknown-agent.ts";
import { type PaymentType, withPayment } from "./edit.ts";
import { MigrationError } from "./errors.ts";

export interface MigrationWish {
  readonly agentId: string;
  readonly to: PaymentType;
}

/** What an up does on the chain, in this order. */
export interface MigrationStep {
  readonly action: "register" | "deregister";
  readonly walletType: PaymentType;
  readonly walletVkey: string;
  readonly registrationId: string | null;
  readonly feeLovelace: string;
  /** Negative: released. */
  readonly lockedLovelace: string;
}

export interface Migration {
  readonly agent: string;
  readonly file: string;
  readonly stack: string;
  readonly to: PaymentType;
  /** The lines of the file that are new. */
  readonly changes: readonly string[];
  readonly steps: readonly MigrationStep[];
  /** The plan of the whole stack, with the file changed. */
  readonly plan: PlanDocument;
}

/** A migration that can be carried out, or what is wrong with the file as it would be. */
export type MigrationResult =
  | { readonly migration: Migration; readonly write: () => void }
  | { readonly complaints: readonly Complaint[] };

/**
 * Returns how an agent's file changes if the agent moves to another version of the payment contract, and what an up does then. Nothing is
 * written before `write` is called.
 *
 * @throws MigrationError MIGRATION_REFUSED; UserError if the stack does not have the agent; as planStack
 */
export async function planMigration(
  project: Project,
  stack: ReadStack,
  { agentId, to }: MigrationWish,
  { env, signal }: CallOptions,
): Promise<MigrationResult> {
  const before = stack.declared.agents.find(({ id }) => id === agentId);
  if (!before) throw unknownAgent(stack.stack, agentId, stack.declared.agents);
  const seen = await planStack(stack, signal);
  refuseMoved(before, plannedOf(seen, agentId), to);

  const path = join(project.root, before.file);
  const text = readFileSync(path, "utf8");
  const isShared = otherStacks(project, stack.stack, before.file, text).length > 0;
  const edit = withPayment(text, { payment: to, stack: stack.stack, isShared });
  if ("byHand" in edit)
    throw refusal(before, "what it says there is its author's to change", `In the file, ${edit.byHand}.`);
  const given = declarationsWith(project, stack.stack, { file: before.file, text: edit.text });
  const declared = loadStackAgents(project, stack.stack, { env, given });
  if (declared.complaints.length > 0) return { complaints: declared.complaints };

  const changed = declaring(stack, declared);
  const examined = await planStack(changed, signal);
  const planned = plannedOf(examined, agentId);
  // An agent that cannot be planned is missing from the plan: the service is too old, or has no contract of this version.
  if (!planned) throw refusal(before, "an up would refuse it", newProblems(seen, examined));
  const migration = {
    agent: agentId,
    file: before.file,
    stack: stack.stack,
    to,
    changes: edit.changes,
    steps: stepsOf(planned, stack),
    plan: planDocument(changed, examined),
  };
  return { migration, write: () => writeFileSync(path, edit.text) };
}

const plannedOf = ({ plan }: Examination, agentId: string): PlannedAgent | undefined =>
  plan.agents.find(({ agent }) => agent.id === agentId);

const refusal = ({ file }: Agent, why: string, remedy: string) =>
  new MigrationError("MIGRATION_REFUSED", `${file} was not changed: ${why}.`, remedy);

function refuseMoved(agent: Agent, planned: PlannedAgent | undefined, to: PaymentType): void {
  const isMoving = planned?.row !== undefined && planned.row.type !== planned.wallet.type;
  if ((agent.paymentType ?? planned?.wallet.type) !== to) return;
  throw refusal(
    agent,
    isMoving
      ? `it says payment: ${to} already, which is not carried out yet`
      : `the agent is on ${to} already`,
    isMoving ? "npx masumi-agents plan shows what up does; run it." : "There is nothing to do.",
  );
}

/** Returns the other stacks that the file is read for. */
function otherStacks(project: Project, stack: string, file: string, text: string): string[] {
  const { only } = parse(text) as { readonly only?: readonly string[] };
  return stackNames(project).filter(
    (name) =>
      name !== stack && (only?.includes(name) ?? true) && agentsFolder(project, name) === dirname(file),
  );
}

function newProblems(before: Examination, after: Examination): string {
  const known = new Set(before.problems.map(({ message }) => message));
  return after.problems
    .map(({ message }) => message)
    .filter((message) => !known.has(message))
    .join("\n");
}

function stepsOf({ row, wallet }: PlannedAgent, { config }: ReadStack): MigrationStep[] {
  const step = (
    action: MigrationStep["action"],
    { vkey, type }: { readonly vkey: string; readonly type: PaymentType },
  ): MigrationStep => {
    const { fee, locked } = costOf(action === "register" ? "create" : action, type);
    return {
      action,
      walletType: type,
      walletVkey: vkey,
      registrationId: action === "register" ? null : (row?.id ?? null),
      feeLovelace: String(fee),
      lockedLovelace: String(locked),
    };
  };
  const register = step("register", wallet);
  if (!row || row.walletVkey === wallet.vkey) return [register];
  const deregister = step("deregister", { vkey: row.walletVkey, type: row.type });
  return row.type === "V1" && config.v1Replacement === "delete-first"
    ? [deregister, register]
    : [register, deregister];
}
