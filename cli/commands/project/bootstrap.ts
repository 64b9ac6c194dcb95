import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Change, type Outputs, propose } from "../../../stacks/bootstrap/cloudformation.ts";
import { type Foundation, type FoundationWish, foundationOf } from "../../../stacks/bootstrap/foundation.ts";
import { templateOf } from "../../../stacks/bootstrap/template.ts";
import { type Steps, guardingOf, stepsOf, valuesOf } from "../../../stacks/bootstrap/values.ts";
import type { Project } from "../../../stacks/project.ts";
import { type AskingFlags, confirmed } from "../../confirm.ts";
import { formatTable } from "../../table.ts";
import { count, print, printJson, printProgress } from "../../text.ts";

export interface BootstrapFlags extends AskingFlags, Omit<FoundationWish, "hasProvider"> {
  readonly existingProvider?: boolean;
  readonly out?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

/**
 * `bootstrap aws`: writes the CloudFormation template of what a stack needs before its first run, or applies it, and prints the commands
 * that hand its values on. Exit code 0, or 1 if it was not to be applied after all.
 */
export async function bootstrapAws(project: Project, flags: BootstrapFlags): Promise<number> {
  const { existingProvider: hasProvider, out, apply = false, json = false } = flags;
  const foundation = foundationOf(project, { ...flags, hasProvider }, process.env);
  const file = out !== undefined || !apply ? write(project, foundation, out) : undefined;
  const applied = apply ? await applyIt(foundation, flags) : undefined;
  if (applied === "declined") return 1;
  const values = valuesOf(foundation, applied?.outputs);
  // With --apply they were shown before the question: run once more, they would undo what a person has set since.
  const steps = [...(applied ? [] : [guardingOf(foundation)]), ...stepsOf(foundation, values)];
  if (json) {
    const { stack, name } = foundation;
    const changes = applied?.changes ?? null;
    printJson({
      version: 1,
      stack,
      cloudFormationStack: name,
      template: file ?? null,
      changes,
      values,
      steps,
    });
    return 0;
  }
  const introduction = applied ? "" : `${howToApply(foundation, file ?? "")}\n`;
  print(`${introduction}${steps.map(shown).join("\n")}`);
  return 0;
}

const shown = ({ title, commands }: Steps): string => `# ${title}\n${commands.join("\n")}\n`;

function write(project: Project, foundation: Foundation, out: string | undefined): string {
  const file = out === undefined ? join(project.root, "bootstrap", `${foundation.stack}.yaml`) : resolve(out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, templateOf(foundation));
  return relative(process.cwd(), file);
}

const howToApply = ({ name, region }: Foundation, file: string): string =>
  `Wrote ${file}. Review it, run the first commands below, and have an administrator of the AWS account apply it, there or with --apply:\n` +
  `aws cloudformation deploy --region ${region} --stack-name ${name} --template-file ${file} --capabilities CAPABILITY_NAMED_IAM\n`;

/** Shows what changes, and makes it unless somebody says no. */
async function applyIt(
  foundation: Foundation,
  flags: BootstrapFlags,
): Promise<{ readonly changes: readonly Change[]; readonly outputs: Outputs } | "declined"> {
  const { name, region } = foundation;
  const proposal = await propose(foundation);
  const { changes } = proposal;
  if (changes.length === 0) {
    printProgress(`Nothing to change: the CloudFormation stack ${name} in ${region} is up to date.`);
    return { changes, outputs: await proposal.carryOut() };
  }
  printProgress(changeTable(changes));
  if (changes.some(({ action, type }) => action === "Add" && type === "AWS::IAM::Role")) {
    printProgress(`\n${shown(guardingOf(foundation))}`);
  }
  if (
    !(await confirmed(
      () => `Apply ${count(changes.length, "change")} to the CloudFormation stack ${name}?`,
      flags,
    ))
  ) {
    await proposal.drop();
    return "declined";
  }
  printProgress(`CloudFormation is updating ${name} in ${region} (about two minutes) ...`);
  return { changes, outputs: await proposal.carryOut() };
}

const changeTable = (changes: readonly Change[]): string =>
  formatTable(
    ["change", "resource", "type"],
    changes.map(({ action, id, type, isReplaced }) => [isReplaced ? "Replace" : action, id, type]),
  );
