import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { STANDARD_DISCLOSURE } from "../../infra/declarations/index.ts";
import { listingOf } from "../../infra/fleet/index.ts";
import { sha256 } from "../../providers/common/sha256.ts";
import type { Gate } from "../billing/gate.ts";
import { authorOf } from "../commits/author.ts";
import {
  type AgentRow,
  type Form,
  type Shown,
  type StoredDocument,
  addAgent,
  changeAgent,
  countAgentsOf,
  findAgent,
} from "../database/agents.ts";
import { findAnswer, keepAnswer } from "../database/answers.ts";
import type { Database, Queries } from "../database/database.ts";
import { fleetOf } from "../database/fleets.ts";
import {
  addRequest,
  holdUser,
  newestDeclaration,
  noteAsked,
  secondsUntilSpending,
} from "../database/requests.ts";
import type { FleetDirectory } from "../fleets/fleets.ts";
import type { User } from "../identity/user.ts";
import type { Settings } from "../settings.ts";
import { type Chosen, chosenOf } from "../templates/choices.ts";
import {
  type Declared,
  type FieldProblem,
  checkDeclaration,
  declarationOf,
  priceOf,
} from "../templates/declare.ts";
import type { Template } from "../templates/template.ts";
import { tidy } from "../templates/texts.ts";
import { isUnchanged } from "./etags.ts";
import { problemsOf, problemsOfAny } from "../templates/form-problems.ts";
import {
  changedMeanwhile,
  invalid,
  nameTaken,
  notFound,
  otherBody,
  spentEnough,
  subscriptionNeeded,
  wrongState,
} from "./problems.ts";

export interface AcceptParts {
  readonly database: Database;
  readonly gate: Gate;
  readonly templates: ReadonlyMap<string, Template>;
  readonly fleets: FleetDirectory;
  readonly settings: Pick<Settings, "PORTAL_FLEET_SIZE" | "PORTAL_REGISTRATIONS_A_DAY">;
}

/** What a form has, as it came. */
export interface SentForm {
  readonly name?: string | undefined;
  readonly bio?: string | undefined;
  readonly description?: string | undefined;
  readonly choices?: Chosen | undefined;
  readonly documents: readonly StoredDocument[];
  /** What could not be read of it. */
  readonly wrong?: readonly FieldProblem[];
}

const SUFFIX = "abcdefghijkmnpqrstuvwxyz23456789";
const SUFFIX_LENGTH = 6;
const LONGEST_SLUG = 40;

/** Makes an id of a name, for addresses and files; it is never given out twice, and says nothing where the name has no Latin letters. */
export function newAgentId(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_SLUG)
    .replaceAll(/^-+|-+$/g, "");
  const suffix = Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX[randomInt(SUFFIX.length)]).join("");
  return `${slug || "agent"}-${suffix}`;
}

/** What a request that is repeated was admitted at: it adds none, so nothing may be added by it. */
const ADDS_NONE = -1;

/**
 * Throws 402 unless the user may have one more agent, and returns how many there were. Whoever repeats a request, because no answer
 * came, is let through: their agent may be the last that the plan allows.
 */
export async function admit(
  { database, gate }: AcceptParts,
  { user, idempotencyKey: key }: Pick<Creation, "user" | "idempotencyKey">,
  signal?: AbortSignal,
): Promise<number> {
  if (key !== undefined && (await findAnswer(database, user.id, key))) return ADDS_NONE;
  const count = await countAgentsOf(database, user.id);
  const admission = await gate.admit(user, count, signal);
  if (!admission.admitted) throw subscriptionNeeded(admission.reason, admission.checkoutUrl);
  return count;
}

/** Throws 402 unless what the user has is paid for; operators work for others. */
export async function requireSubscription(
  { gate }: Pick<AcceptParts, "gate">,
  user: User,
  signal?: AbortSignal,
): Promise<void> {
  if (user.isOperator) return;
  // Whether a plan has room is no matter to what is there already.
  const admission = await gate.admit(user, 0, signal);
  if (!admission.admitted) throw subscriptionNeeded(admission.reason, admission.checkoutUrl);
}

/** Throws 429 if a user has spent as much ADA in a day as they may; operators may go on. */
async function requireBudget(
  queries: Queries,
  { settings }: AcceptParts,
  { user, ownerId }: { readonly user: User; readonly ownerId: string },
): Promise<void> {
  if (user.isOperator) return;
  const { PORTAL_REGISTRATIONS_A_DAY: most } = settings;
  const seconds = await secondsUntilSpending(queries, ownerId, most);
  if (seconds > 0) throw spentEnough(most, seconds);
}

/**
 * Returns the template of an id.
 *
 * @param sent the form that names it
 * @throws HttpProblem 400 with all that is wrong
 */
export function templateOf(
  { templates }: AcceptParts,
  id: string | undefined,
  sent: SentForm = { documents: [] },
): Template {
  const template = templates.get(id ?? "");
  if (template) return template;
  const message = `${id ? "is not a template" : "is needed"}: choose ${[...templates.keys()].join(", ")}`;
  const others = problemsOfAny([...templates.values()], (one) => formOf(one, sent), sent.wrong);
  throw invalid([{ field: "template", message }, ...others.filter(({ field }) => field !== "template")]);
}

/** @param kept what the agent has of choices already */
function formOf({ choices: allowed }: Template, sent: SentForm, kept?: Chosen): Form {
  const { name = "", bio = "", description = "", documents } = sent;
  const choices = chosenOf(allowed, sent.choices ?? {}, kept);
  return {
    name: tidy(name).replaceAll(/\s+/g, " "),
    bio: tidy(bio),
    description: tidy(description),
    documents,
    ...(Object.keys(choices).length === 0 ? {} : { choices }),
  };
}

/** A form that passed all checks, and the declaration that it became. */
interface Accepted {
  readonly declaration: string;
  readonly shown: Shown;
}

/** Turns a form into a declaration that a run will take. @throws HttpProblem 400 with all that is wrong */
function declare(
  parts: AcceptParts,
  template: Template,
  { form, wrong, ...who }: Declared & { readonly form: Form; readonly wrong: SentForm["wrong"] },
): Accepted {
  const problems = problemsOf(template, form, wrong);
  if (problems.length > 0) throw invalid(problems);
  const declaration = declarationOf(template, form, who);
  const { project, model: stack, network } = parts.fleets;
  const checked = checkDeclaration({ project, stack }, who.id, declaration);
  if ("length" in checked) throw invalid(checked);
  return {
    declaration,
    shown: {
      price: priceOf(checked),
      network,
      input: checked.input,
      disclosure: checked.disclosure ?? STANDARD_DISCLOSURE,
      ...(checked.listing ? { listing: checked.listing } : {}),
      listed: digestOf(listingOf(checked)),
    },
  };
}

/** What identifies a value: a request's body, whatever order its parts came in, or what the network shows. */
const digestOf = (body: unknown): string => sha256(JSON.stringify(body));

export interface Creation {
  readonly user: User;
  readonly template: Template;
  readonly form: SentForm;
  /** How many agents the user had when they were admitted. */
  readonly admittedAt: number;
  readonly idempotencyKey: string | undefined;
}

/** Accepts an agent: from here on it will be declared, whoever is killed. Returns its id. @throws HttpProblem */
export async function createAgent(parts: AcceptParts, creation: Creation): Promise<string> {
  const { user, template, idempotencyKey: key } = creation;
  const form = formOf(template, creation.form);
  const digest = digestOf([template.id, form]);
  const id = newAgentId(form.name);
  // Before the transaction, which others wait for.
  const { declaration, shown } = declare(parts, template, {
    form,
    wrong: creation.form.wrong,
    id,
    userId: user.id,
  });
  try {
    return await parts.database.transaction(async (queries) => {
      // Two that come at once must not both be the last one that the plan, or the day's limit, allows.
      await holdUser(queries, user.id);
      const answer = key === undefined ? undefined : await findAnswer(queries, user.id, key);
      if (answer) {
        if (answer.digest !== digest) throw otherBody();
        return answer.agentId;
      }
      const count = await countAgentsOf(queries, user.id);
      if (count > creation.admittedAt) throw new OutrunError();
      await requireBudget(queries, parts, { user, ownerId: user.id });
      const fleet = await fleetOf(queries, user.id, parts.settings.PORTAL_FLEET_SIZE);
      await addAgent(queries, { id, userId: user.id, fleet, template: template.id, form, shown });
      const author = authorOf(user);
      await addRequest(queries, { agentId: id, fleet, kind: "create", declaration, author, spends: true });
      if (key !== undefined) await keepAnswer(queries, { userId: user.id, key, digest, agentId: id });
      return id;
    });
  } catch (error) {
    throw isNameTaken(error) ? nameTaken(form.name) : error;
  }
}

/** Another agent of the user was accepted since they were admitted: whether one more may be has to be asked again. */
export class OutrunError extends Error {
  override readonly name = "OutrunError";
}

const isNameTaken = (error: unknown): boolean =>
  (error as { constraint?: unknown } | null)?.constraint === "portal_agents_names";

export interface Change extends Omit<SentForm, "documents"> {
  readonly added: readonly StoredDocument[];
  /** Digests of documents that the agent is to forget. */
  readonly removed: readonly string[];
  /** ETags, one of which the agent as it is filled in has to have. */
  readonly ifMatch: string | undefined;
}

/** Whoever got no answer sends a document again: the second time it is there already. */
const isSame = (one: StoredDocument, other: StoredDocument): boolean =>
  one.sha256 === other.sha256 && one.name === other.name;

/** Returns an agent's form after a change. What is sent although it is there already stays where it is. */
function changedForm(template: Template, { form }: AgentRow, change: Change): Form {
  const { name, bio, description, documents, choices } = form;
  const isAdded = (document: StoredDocument) => change.added.some((added) => isSame(added, document));
  const kept = documents.filter((document) => !change.removed.includes(document.sha256) || isAdded(document));
  const added = change.added.filter((document) => !kept.some((one) => isSame(one, document)));
  const sent = {
    name: change.name ?? name,
    bio: change.bio ?? bio,
    description: change.description ?? description,
    choices: change.choices,
    documents: [...kept, ...added],
  };
  return formOf(template, sent, choices);
}

/**
 * Accepts a change of an agent; one that is sent twice is the same as one that is sent once. What would leave the form and the
 * declaration as they are is no change: nothing is committed, and no run is started.
 *
 * @returns whether there is anything to change
 * @throws HttpProblem
 */
export async function modifyAgent(
  parts: AcceptParts,
  user: User,
  id: string,
  change: Change,
): Promise<boolean> {
  return parts.database
    .transaction(async (queries) => {
      await queries.query("SELECT 1 FROM portal_agents WHERE id = $1 FOR UPDATE", [id]);
      const agent = requireOwn(await findAgent(queries, id), user);
      requireStaying(agent);
      if (!isUnchanged(change.ifMatch, agent.form)) throw changedMeanwhile();
      const template = templateOf(parts, agent.template);
      const form = changedForm(template, agent, change);
      const { fleet, userId } = agent;
      const { declaration, shown } = declare(parts, template, { form, wrong: change.wrong, id, userId });
      // The template may have changed since, and a portal's upgrade what is made of it.
      const isDeclaredSo = declaration === (await newestDeclaration(queries, id));
      if (isDeclaredSo && isDeepStrictEqual(form, agent.form)) return false;
      const isListedAnew = shown.listed !== agent.shown.listed;
      // What an operator changes is not the owner's to answer for.
      const spends = isListedAnew && !user.isOperator;
      if (spends) {
        await holdUser(queries, userId);
        await requireBudget(queries, parts, { user, ownerId: userId });
      }
      const state = agent.state === "registered" || agent.masumiId !== null ? "updating" : agent.state;
      await changeAgent(queries, id, { form, shown, state, problem: null }, { step: "changed" });
      const author = authorOf(user);
      await addRequest(queries, {
        agentId: id,
        fleet,
        kind: "change",
        declaration,
        author,
        spends,
        mayReplace: isListedAnew,
      });
      return true;
    })
    .catch((error: unknown) => {
      throw isNameTaken(error) ? nameTaken(change.name ?? "") : error;
    });
}

/**
 * Accepts that an agent leaves. Asking twice changes nothing, but that a person has asked, too, for what the end of a subscription began.
 *
 * @param byPerson whether somebody asks for it, and not the end of a subscription
 * @param ifMatch ETags, one of which the agent as it is filled in has to have
 * @throws HttpProblem
 */
export async function removeAgent(
  { database }: Pick<AcceptParts, "database">,
  user: User,
  id: string,
  { byPerson, ifMatch }: { readonly byPerson: boolean; readonly ifMatch?: string | undefined },
): Promise<void> {
  await database.transaction(async (queries) => {
    await queries.query("SELECT 1 FROM portal_agents WHERE id = $1 FOR UPDATE", [id]);
    const agent = requireOwn(await findAgent(queries, id), user);
    if (agent.state === "leaving" || agent.state === "deregistered") {
      if (byPerson) await noteAsked(queries, id);
      return;
    }
    if (!isUnchanged(ifMatch, agent.form)) throw changedMeanwhile();
    await changeAgent(queries, id, { state: "leaving", problem: null }, { step: "leaving" });
    await addRequest(queries, {
      agentId: id,
      fleet: agent.fleet,
      kind: "delete",
      declaration: null,
      author: authorOf(user),
      // A burn ends what was paid for; nothing follows from it.
      spends: false,
      byPerson,
    });
  });
}

/** Returns an agent that a user may see. @throws HttpProblem 404, also where there is one that they may not see */
export function requireOwn(agent: AgentRow | undefined, user: User): AgentRow {
  if (!agent || (agent.userId !== user.id && !user.isOperator)) throw notFound();
  return agent;
}

function requireStaying({ state }: AgentRow): void {
  if (state === "leaving" || state === "deregistered") {
    throw wrongState("The agent leaves, or has left: it cannot be changed any more.");
  }
}
