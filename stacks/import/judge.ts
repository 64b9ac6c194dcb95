import type { StackConfig } from "../../infra/config.ts";
import { type Agent, type AssetTable, assetTable } from "../../infra/declarations/index.ts";
import { checkDuplicates } from "../../infra/declarations/duplicates.ts";
import { showPath } from "../../infra/declarations/load/located.ts";
import { parseDeclaration } from "../../infra/declarations/load/parse.ts";
import { resolveAgent } from "../../infra/declarations/resolve.ts";
import { isReserved } from "../../infra/declarations/policy/check.ts";
import { validate } from "../../infra/declarations/validate.ts";
import {
  type Action,
  type FieldDrift,
  type Survey,
  type UrlOf,
  compareContent,
  valueText,
  listingOf,
  planFleet,
  registeredUrls,
} from "../../infra/fleet/index.ts";
import { type Row, isUpdatedInPlace } from "../../providers/masumi/service/index.ts";
import { chooseId } from "./agent-id.ts";
import { type Declared, obstacle } from "./select.ts";
import { type Reason, transcribe } from "./transcribe.ts";

export interface ImportContext extends Declared {
  readonly projectRoot: string;
  readonly survey: Survey;
  readonly urlOf: UrlOf;
  readonly inState?: ReadonlySet<string> | undefined;
  /** Whether <id>.yaml in the stack's folder, or a file like it, is there. */
  readonly isFile: (id: string) => boolean;
}

/** A registration as a file that takes it over. */
export interface Draft {
  readonly row: Row;
  readonly agent: Agent;
  readonly text: string;
  /** What up does about it: nothing, or, after a failed update, that update again. */
  readonly action: Action;
}

/** Return the file that takes a registration over, or every reason why there can be none. Pure but for `isFile`. */
export function judge(row: Row, context: ImportContext): Draft | readonly Reason[] {
  const stopped = obstacle(row, context) ?? obstacleOfUrl(row, context);
  if (stopped) return [stopped];
  const { config, agents } = context;
  const isTaken = (id: string) => context.isFile(id) || agents.some((agent) => agent.id === id);
  const id = chooseId(row, config.owner, isTaken, (wanted) => isReserved(wanted, config.policy));
  const table = assetTable(config.network, config.assets);
  const transcript = transcribe(row, { id, config, table, projectRoot: context.projectRoot });
  const read = readBack(transcript.text, id, table, context);
  const reasons = [...transcript.reasons, ...read.reasons];
  if (reasons.length > 0 || !read.agent) return reasons;
  return decide(row, read.agent, transcript.text, context);
}

/** The URL may be declared by an agent that has not taken the registration over. */
function obstacleOfUrl(row: Row, context: ImportContext): Reason | undefined {
  const { agents, urlOf, survey } = context;
  const registered = registeredUrls(context);
  const same = (url: string) => (URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, "");
  const other = agents.find((agent) => same(urlOf(agent, registered) ?? "") === same(row.listing.apiBaseUrl));
  if (!other) return undefined;
  const hasOwn = survey.rows.some(({ id }) => id === other.adopt);
  return {
    field: "url",
    message: `${other.file} declares ${row.listing.apiBaseUrl}`,
    remedy: hasOwn
      ? "one service is one agent: deregister one of the two registrations"
      : `to take this registration over, add adopt: ${row.id} to that file`,
  };
}

interface ReadBack {
  readonly agent?: Agent;
  readonly reasons: readonly Reason[];
}

/** Reads the file as up will, beside those that are there. */
function readBack(text: string, id: string, table: AssetTable, context: ImportContext): ReadBack {
  const { config, agents, projectRoot } = context;
  const file = `${config.agents}/${id}.yaml`;
  const reasons: Reason[] = [];
  const { parsed, complaints } = parseDeclaration({ file, text });
  if (!parsed) {
    return { reasons: complaints.map(({ message, remedy = "" }) => ({ field: "", message, remedy })) };
  }
  const complain = (path: readonly (string | number)[], message: string, remedy = "") =>
    void reasons.push({ field: showPath(path), message, remedy });
  const { declaration, parts } = validate(parsed, complain);
  const others = agents.map((agent) => ({
    file: agent.file,
    id: agent.id,
    parts: { name: agent.name, ...(agent.source.kind === "url" ? { url: agent.source.url } : {}) },
    complain,
  }));
  checkDuplicates([...others, { file, id, parts, complain }]);
  if (!declaration) return { reasons };
  const hasBucket = config.documents !== undefined;
  const { stack, hosting, wallets, allowPrivateUrls } = config;
  const offered = {
    projectRoot,
    stack,
    hosting,
    hasBucket,
    hasStore: hasBucket,
    table,
    x402: config.x402,
    wallets,
    allowPrivateUrls,
    complaints: [],
  };
  return { agent: resolveAgent(declaration, { id, file }, offered, complain), reasons };
}

/** The plan has the last word: what up would not simply take over is not written. */
function decide(row: Row, agent: Agent, text: string, context: ImportContext): Draft | readonly Reason[] {
  const { config } = context;
  const plan = planFleet({ ...context, agents: [agent] });
  const [planned] = plan.agents;
  const changed = differences(row, agent, config, planned?.sourceAddress);
  if (changed.length > 0) return changed;
  if (!planned) return plan.problems.map(problemReason);
  if (planned.row?.id !== row.id) {
    return [
      {
        field: "",
        message: `registration ${planned.row?.id} is of the same agent, and is the one that up keeps`,
        remedy: "import that one, and deregister the other in the payment service",
      },
    ];
  }
  const { action } = planned;
  const isRepeated = action === "update" && row.state === "UpdateFailed";
  if (action === "adopt" || action === "none" || isRepeated) return { row, agent, text, action };
  return [{ field: "", message: `up would ${action} it`, remedy: "see npx masumi-agents plan" }];
}

const problemReason = ({ code, what, remedy }: { code: string; what: string; remedy: string }): Reason => ({
  field: "",
  message: `${code}: ${what}`,
  remedy,
});

/** What a file cannot say as the registration has it, such as a text with blanks around it. */
function differences(
  row: Row,
  agent: Agent,
  { network, assets }: StackConfig,
  sourceAddress: string | undefined,
): Reason[] {
  const url = agent.source.kind === "url" ? agent.source.url : "";
  const declared = { ...listingOf(agent), apiBaseUrl: url };
  const table = assetTable(network, assets);
  return compareContent(row, declared, sourceAddress ?? row.sourceAddress).map((drift: FieldDrift) => ({
    field: drift.field === "apiBaseUrl" ? "url" : drift.field,
    message: `the registration has ${quoted(drift, drift.live, table)}, a file can only say ${quoted(drift, drift.declared, table)}`,
    remedy: isUpdatedInPlace(row.type, row.listing.type, row.listing.type)
      ? `write the file yourself, with adopt: ${row.id}; up then updates the registration`
      : "registrations like this one cannot be changed in place: it stays as it is, and no file can manage it",
  }));
}

/** In quotes, so that blanks at the ends are seen. */
const quoted = ({ field }: FieldDrift, value: unknown, table: AssetTable): string =>
  `"${valueText(field, value, table)}"`;
