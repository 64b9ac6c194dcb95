import type { Context, Hono } from "hono";
import { type AgentRow, findAgent, findAgents } from "../database/agents.ts";
import { runsSince } from "../database/runs.ts";
import { evaluationsOf } from "../fleets/evaluations.ts";
import {
  type Creation,
  OutrunError,
  admit,
  createAgent,
  modifyAgent,
  removeAgent,
  requireOwn,
  requireSubscription,
  templateOf,
} from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { etagOf, hasAlready } from "./etags.ts";
import { type FormParts, readForm } from "./form.ts";
import { type RateLimit, Uploads } from "./limits.ts";
import { boundaryOf } from "./multipart.ts";
import { malformed } from "./problems.ts";
import type { AgentView } from "./schemas.ts";
import { Serial } from "./serial.ts";
import { deploymentView, viewOf, viewsOf } from "./view.ts";
import { secondsToWait, untilSettled } from "./wait.ts";

const LONGEST_KEY = 255;
/** So many deployments are shown with an agent. */
const MOST_DEPLOYMENTS = 5;
const ADMISSIONS = 10;

/** POST /agent, GET /agents, GET, PATCH and DELETE /agents/{id}. */
export function agentRoutes(app: Hono<ApiEnv>, parts: ApiParts, limit: RateLimit): void {
  const uploads = new Uploads(parts.settings.PORTAL_UPLOAD_MIB_A_DAY);
  const forms = { ...parts, uploads };
  app.post("/agent", async (context) => {
    limit.take(context.get("user").id);
    return create(context, forms);
  });

  app.get("/agents", async (context) => {
    const agents = await findAgents(parts.database, { userId: context.get("user").id });
    return context.json({ agents: await viewsOf(parts.database, agents) });
  });

  app.get("/agents/:id", async (context) => {
    const agent = requireOwn(await findAgent(parts.database, context.req.param("id")), context.get("user"));
    return answer(context, parts, agent);
  });

  app.patch("/agents/:id", async (context) => {
    const user = context.get("user");
    limit.take(user.id);
    const id = context.req.param("id");
    const { template } = requireOwn(await findAgent(parts.database, id), user);
    await requireSubscription(parts, user, context.req.raw.signal);
    const { form, removed } = await readForm(context, forms, templateOf(parts, template));
    const { documents: added, ...texts } = form;
    const ifMatch = context.req.header("if-match");
    const isChanged = await modifyAgent(parts, user, id, { ...texts, added, removed, ifMatch });
    const agent = requireOwn(await findAgent(parts.database, id), user);
    return answer(context, parts, agent, isChanged ? 202 : 200);
  });

  app.delete("/agents/:id", async (context) => {
    const user = context.get("user");
    limit.take(user.id);
    const id = context.req.param("id");
    await removeAgent(parts, user, id, { byPerson: true, ifMatch: context.req.header("if-match") });
    return answer(context, parts, requireOwn(await findAgent(parts.database, id), user), 202);
  });
}

async function create(context: Context<ApiEnv>, parts: ApiParts & FormParts): Promise<Response> {
  const user = context.get("user");
  const idempotencyKey = context.req.header("idempotency-key");
  if (idempotencyKey !== undefined && !isKey(idempotencyKey)) {
    throw malformed(`Idempotency-Key has at most ${LONGEST_KEY} printable characters.`);
  }
  // Before anything is uploaded; texts alone are read first, as they cost nothing.
  const { signal } = context.req.raw;
  if (boundaryOf(context.req.header("content-type") ?? "") !== undefined)
    await admit(parts, { user, idempotencyKey }, signal);
  const { form, template: named } = await readForm(context, parts);
  const creation = { user, template: templateOf(parts, named, form), form, idempotencyKey };
  const id = await creating.run(user.id, () => admitAndCreate(parts, creation, signal));
  return created(context, parts, { id, isNew: idempotencyKey === undefined });
}

/** A user's agents are admitted one after the other, so that each counts those before it. */
const creating = new Serial();

async function admitAndCreate(
  parts: ApiParts,
  creation: Omit<Creation, "admittedAt">,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const admittedAt = await admit(parts, creation, signal);
      return await createAgent(parts, { ...creation, admittedAt });
    } catch (error) {
      // Another portal was faster.
      if (!(error instanceof OutrunError) || attempt === ADMISSIONS) throw error;
    }
  }
}

const isKey = (key: string): boolean => key.length <= LONGEST_KEY && /^[\x21-\x7e]+$/.test(key);

async function created(
  context: Context<ApiEnv>,
  parts: ApiParts,
  { id, isNew }: { readonly id: string; readonly isNew: boolean },
): Promise<Response> {
  const seconds = secondsToWait(context.req.header("prefer"));
  // Of a new agent that nobody waits for it is known that it is not registered.
  const isKnown = isNew && seconds === 0;
  const agent = isKnown ? undefined : await untilSettled(parts, id, seconds, context.req.raw.signal);
  context.header("Location", `/agents/${id}`);
  if (seconds > 0) context.header("Preference-Applied", `wait=${seconds}`);
  if (agent?.masumiId) return context.json({ agentId: id, masumiId: agent.masumiId }, 201);
  return context.json({ agentId: id }, 202);
}

async function answer(
  context: Context<ApiEnv>,
  { database, fleets }: ApiParts,
  agent: AgentRow,
  status: 200 | 202 = 200,
): Promise<Response> {
  const seen = await viewOf(database, agent, { forOperator: context.get("user").isOperator });
  const runs = await runsSince(database, agent.fleet, agent.createdAt, MOST_DEPLOYMENTS);
  const { id } = fleets.named(agent.fleet);
  const evaluations = evaluationsOf(fleets, agent);
  const view = {
    ...seen,
    deployments: runs.map((run) => deploymentView(run, id)),
    ...(evaluations === undefined ? {} : { evaluations }),
  };
  const etag = etagOf(agent, view);
  context.header("ETag", etag);
  const isAsked = ["GET", "HEAD"].includes(context.req.method);
  const isKnown = isAsked && hasAlready(context.req.header("if-none-match"), etag);
  return isKnown ? context.body(null, 304) : context.json<AgentView, typeof status>(view, status);
}
