import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, formatPrice, assetTable } from "../../infra/declarations/index.ts";
import type { Complaint } from "../../infra/declarations/index.ts";
import { costOf } from "../../infra/fleet/index.ts";
import { formatAda } from "../../providers/common/amounts.ts";
import { loadStackAgents } from "../agents.ts";
import { declarationsWith } from "./declaration.ts";
import { readNetwork } from "../network.ts";
import { type Project, isLocalStack, stackNames } from "../project.ts";
import { unknownAgent } from "../unknown-agent.ts";
import { UserError } from "../user-error.ts";
import { withStack } from "./edit.ts";

export interface PromotionWish {
  readonly agentId: string;
  /** The stack that it lives in, and the one that it is to live in, too. */
  readonly from: string;
  readonly to: string;
  /** What it costs there, as an author writes it. @default as declared */
  readonly prices?: readonly string[];
  /** Writes nothing. @default false */
  readonly isDry?: boolean;
}

/** A value that is another one in the stack that an agent is promoted to. */
export interface Difference {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

export interface Promotion {
  readonly agent: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The lines of the file that are new. */
  readonly changes: readonly string[];
  readonly differences: readonly Difference[];
  /** What registering it there costs, in lovelace: a fee, typically, and what is locked until it is deregistered. */
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
}

/** A promotion, or what is wrong with the file in the stack that it is promoted to. */
export type PromotionResult =
  { readonly promotion: Promotion } | { readonly complaints: readonly Complaint[] };

/**
 * Changes an agent's file so that it lives in one more stack, unless something would be wrong with it there.
 *
 * @throws UserError if there is no such stack, it does not have the agent, or the file has to be changed by hand
 */
export function promoteAgent(project: Project, wish: PromotionWish): PromotionResult {
  const { agentId, from, to, prices, isDry = false } = wish;
  requireStacks(project, wish);
  const source = loadStackAgents(project, from, { needsNoSecrets: true });
  if (source.complaints.length > 0) return { complaints: source.complaints };
  const before = source.agents.find(({ id }) => id === agentId);
  if (!before) throw unknownAgent(from, agentId, source.agents);
  const path = join(project.root, before.file);
  const edit = withStack(readFileSync(path, "utf8"), { stack: to, ...(prices ? { prices } : {}) });
  if ("byHand" in edit) throw new UserError(`${before.file}: ${edit.byHand}. Nothing was changed.`);

  const given = declarationsWith(project, to, { file: before.file, text: edit.text });
  const target = loadStackAgents(project, to, { needsNoSecrets: true, given });
  if (target.complaints.length > 0) return { complaints: target.complaints };
  const after = target.agents.find(({ id }) => id === agentId);
  if (!after) throw new UserError(`${before.file} is not in the folder of stack ${to}'s agents.`);
  if (!isDry && edit.changes.length > 0) writeFileSync(path, edit.text);
  const { fee, locked } = costOf("create", after.paymentType ?? "V2");
  return {
    promotion: {
      agent: agentId,
      file: before.file,
      from,
      to,
      changes: edit.changes,
      differences: differences(before, after, project, wish),
      feeLovelace: String(fee),
      lockedLovelace: String(locked),
    },
  };
}

/** Refuses stacks that have no file. Nothing is promoted to a local stack, so none is offered. */
function requireStacks(project: Project, { agentId, from, to }: PromotionWish): void {
  const names = stackNames(project);
  const missing = (stack: string, way: string): string =>
    `There is no stack ${stack} to promote ${agentId} ${way}: Pulumi.${stack}.yaml does not exist. `;
  if (!names.includes(to)) {
    const others = names.filter((name) => name !== from && !isLocalStack(name)).join(", ");
    const make = `npx masumi-agents stack init ${to}; docs/operations.md says how it is set up`;
    const another = others && `, or name another with --to: ${others}`;
    throw new UserError(`${missing(to, "to")}Make it (${make})${another}.`);
  }
  if (names.includes(from)) return;
  const others = names.filter((name) => name !== to).join(", ");
  throw new UserError(`${missing(from, "from")}Name the one that it lives in with --from: ${others}.`);
}

function differences(
  before: Agent,
  after: Agent,
  project: Project,
  { from, to }: PromotionWish,
): Difference[] {
  const [one, other] = [from, to].map((stack) => readNetwork(project, stack));
  const priceOf = ({ pricing }: Agent, read: typeof one) =>
    pricing.type !== "fixed" || !read
      ? pricing.type
      : pricing.prices
          .map((price) => formatPrice(price, assetTable(read.network, read.assets), []))
          .join(" + ");
  const rows: readonly (readonly [string, string, string])[] = [
    ["network", one?.network ?? "", other?.network ?? ""],
    ["price", priceOf(before, one), priceOf(after, other)],
    ["hosting", before.hosting, after.hosting],
    ["model", before.model.name ?? "", after.model.name ?? ""],
    ["name", before.name, after.name],
    ["description", before.description, after.description],
  ];
  return rows.filter(([, a, b]) => a !== b).map(([what, a, b]) => ({ what, from: a, to: b }));
}

/** Returns the text of a pull request that promotes an agent. */
export function promotionText(promotion: Promotion): string {
  const { agent, file, from, to, changes, feeLovelace, lockedLovelace } = promotion;
  if (changes.length === 0) return `\`${file}\` lives in ${to} already: there is nothing to promote.\n`;
  const rows = promotion.differences.map((row) => `| ${row.what} | ${cell(row.from)} | ${cell(row.to)} |`);
  return [
    `### Promote ${agent} to ${to}`,
    "",
    `\`${file}\` gets:`,
    "",
    "```yaml",
    ...changes,
    "```",
    ...(rows.length === 0 ? [] : ["", `| | ${from} | ${to} |`, "| --- | --- | --- |", ...rows]),
    "",
    `Registering it there costs a fee of about ${formatAda(BigInt(feeLovelace))} ADA, and locks ` +
      `${formatAda(BigInt(lockedLovelace))} ADA until it is deregistered.`,
    "",
  ].join("\n");
}

/** What an author wrote, as it stands in a table. */
const cell = (text: string): string =>
  text.replaceAll(/[\\|`<>[\]!*_~#\n]/g, (sign) => (sign === "\n" ? " " : `\\${sign}`));
