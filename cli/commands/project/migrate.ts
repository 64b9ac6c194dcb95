import { formatAda } from "../../../infra/fleet/index.ts";
import type { PaymentType } from "../../../stacks/migrate/edit.ts";
import { type Migration, type MigrationStep, planMigration } from "../../../stacks/migrate/migrate.ts";
import { type Project, stackOption } from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { type AskingFlags, confirmed } from "../../confirm.ts";
import { printComplaints } from "../../doctor/complaints.ts";
import { planTable } from "../../plan/report.ts";
import { print, printJson, shorten } from "../../text.ts";
import { openStack } from "../open-stack.ts";

export interface MigrateFlags extends AskingFlags {
  readonly stack: string;
  readonly to: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const isPaymentType = (text: string): text is PaymentType => text === "V1" || text === "V2";

/**
 * `migrate`: changes an agent's file so that the next up moves the agent to the other version of the payment contract, and shows the plan of
 * that. Exit code 0, or 1 with complaints or problems, or if the change was not wanted.
 */
export async function migrate(project: Project, flags: MigrateFlags, agentId: string): Promise<number> {
  const { to, dryRun = false, json = false } = flags;
  if (!isPaymentType(to)) throw new UserError(`--to is V1 or V2, not ${to}.`);
  const stack = await openStack(project, flags);
  if (typeof stack === "number") return stack;
  const result = await planMigration(project, stack, { agentId, to }, { env: process.env });
  if ("complaints" in result) return printComplaints(result.complaints, json);
  const { migration, write } = result;
  if (json) printJson({ version: 1, ...migration });
  else print(migrationText(migration));
  if (!dryRun) {
    if (!json && !(await confirmed(() => `Change ${migration.file}?`, flags))) return 1;
    write();
    if (!json) print(`${migration.file} is changed. Next: npx masumi-agents up${stackOption(flags.stack)}\n`);
  }
  return migration.plan.problems.length > 0 ? 1 : 0;
}

function migrationText({ agent, file, changes, steps, plan }: Migration): string {
  const isOrdered = steps[0]?.action === "register" && steps.length > 1;
  const numbered = steps.map((step, index) => `  ${index + 1}. ${stepText(step)}\n`);
  return (
    `${file} gets:\n${changes.map((line) => `  ${line}\n`).join("")}\n${planTable(plan)}\n` +
    `What up then does about ${agent}, in this order:\n${numbered.join("")}` +
    (isOrdered
      ? "Both registrations answer at the same URL meanwhile: jobs are paid to the old wallet until the new registration is confirmed, and\n" +
        "to the new one from then on. While a payment to the old one is open, up refuses to deregister it; a later up does.\n"
      : steps.length > 1
        ? "masumi:v1Replacement is delete-first, so nobody can hire the agent between the two.\n"
        : "")
  );
}

function stepText({ action, walletType, walletVkey, feeLovelace, lockedLovelace }: MigrationStep): string {
  const wallet = `${walletType} wallet ${shorten(walletVkey, 8, 4)}`;
  const fee = `a fee of about ${formatAda(BigInt(feeLovelace))} ADA`;
  const locked = BigInt(lockedLovelace);
  return action === "register"
    ? `registers it on ${wallet}: ${fee}, and ${formatAda(locked)} ADA locked`
    : `deregisters it on ${wallet}: ${fee}, and ${formatAda(-locked)} ADA released`;
}
