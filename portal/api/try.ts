import type { Hono } from "hono";
import { z } from "zod";
import { type AgentRow, findAgent } from "../database/agents.ts";
import { type TryOutcome, type TryRow, beginTry, dropTry, endTry, lastTries } from "../database/tries.ts";
import { HttpProblem } from "../problem.ts";
import { BusyError, NotNowError, tryAgent } from "../runs/try.ts";
import { requireOwn, requireSubscription } from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { readJsonBody } from "./form.ts";
import type { RateLimit } from "./limits.ts";
import { invalid, wrongState } from "./problems.ts";
import type { TryView } from "./schemas.ts";

const WITHIN_MS = 180_000;
/** A job that is ended takes a moment to end. */
const CLOSES_WITHIN_MS = 15_000;
/** Files come within the input, in base64. */
const MOST_BYTES = 16 * 1024 * 1024;

const body = z.strictObject({
  input: z.record(z.string(), z.unknown(), {
    error: "has to be an object: what the agent is asked, by the names of its form's fields",
  }),
});
type Input = z.output<typeof body>["input"];

/** POST /agents/{id}/try: one job, free of charge and without the network. GET /agents/{id}/tries: what became of the last ones. */
export function tryRoutes(app: Hono<ApiEnv>, parts: ApiParts, limit: RateLimit): void {
  const { database } = parts;
  app.post("/agents/:id/try", async (context) => {
    const user = context.get("user");
    limit.take(user.id);
    const agent = requireOwn(await findAgent(database, context.req.param("id")), user);
    await requireSubscription(parts, user, context.req.raw.signal);
    const { input } = await readJsonBody(context, body, MOST_BYTES);
    const id = await beginTry(database, {
      agentId: agent.id,
      userId: user.id,
      input: summaryOf(agent, input),
      withinMs: WITHIN_MS + CLOSES_WITHIN_MS,
    });
    let result: string;
    try {
      result = await answerOf(parts, { userId: user.id, agent, input }, context.req.raw.signal);
    } catch (error) {
      if (error instanceof BusyError) {
        await dropTry(database, id);
        throw wrongState(error.message);
      }
      await endTry(database, id, outcomeOf(error));
      throw error;
    }
    await endTry(database, id, { state: "succeeded", text: result }).catch((error: unknown) => {
      parts.say(`The try ${id} has its answer, which could not be noted: ${String(error)}`);
    });
    return context.json({ result });
  });
  app.get("/agents/:id/tries", async (context) => {
    const user = context.get("user");
    const agent = requireOwn(await findAgent(database, context.req.param("id")), user);
    const tries = await lastTries(database, agent.id);
    return context.json({ tries: tries.map((row) => tryView(row, user.id)) });
  });
}

/** Has an agent do a job. @throws HttpProblem when there is no answer, which says why; BusyError when it did not begin */
async function answerOf(
  parts: ApiParts,
  { userId, agent, input }: { readonly userId: string; readonly agent: AgentRow; readonly input: Input },
  leaving: AbortSignal,
): Promise<string> {
  const signal = AbortSignal.any([leaving, AbortSignal.timeout(WITHIN_MS)]);
  const project = parts.fleets.projectOf(agent.fleet);
  const { stack } = parts.fleets.named(agent.fleet);
  try {
    const request = { userId, project, stack, agentId: agent.id, input, env: parts.env };
    const end = await tryAgent(request, signal);
    if (end.event === "completed") return end.result;
    if (end.event === "refused") throw invalid(end.problems.map((message) => ({ field: "input", message })));
    if (end.event === "failed") throw jobFailed(end.message);
    throw jobFailed(leaving.aborted ? ENDED : UNANSWERED);
  } catch (error) {
    if (error instanceof BusyError) throw error;
    if (error instanceof NotNowError) throw wrongState(error.message);
    if (leaving.aborted && !(error instanceof HttpProblem)) throw jobFailed(ENDED);
    throw error;
  }
}

const ENDED = "It was ended before your agent had answered.";
const UNANSWERED = "It took too long, or asked a question back.";

const jobFailed = (detail: string): HttpProblem =>
  new HttpProblem({ status: 502, error: "job-failed", title: "The agent's job failed", detail });

function outcomeOf(error: unknown): TryOutcome {
  // A fault of the portal's is described in its log alone.
  if (!(error instanceof HttpProblem)) return { state: "failed", text: "The portal could not do it." };
  return { state: error.status < 500 ? "refused" : "failed", text: error.detail };
}

/** What was asked, by the names of the form's fields; of a file, that there was one. */
function summaryOf({ shown }: AgentRow, input: Input): string {
  const names = new Map(shown.input.map((field) => [valueOf(field, "id"), valueOf(field, "name")]));
  return Object.entries(input)
    .filter(([, value]) => value !== "" && value !== null)
    .map(([id, value]) => `${asText(names.get(id) ?? id)}: ${asText(value)}`)
    .join("\n");
}

const valueOf = (field: object, key: string): unknown => (field as Readonly<Record<string, unknown>>)[key];

function asText(value: unknown): string {
  // Lists of choices are the deepest that a form has.
  if (Array.isArray(value))
    return value.map((one) => (typeof one === "object" ? "…" : asText(one))).join(", ");
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return "…";
  return /^data:[^,]*;base64,/.test(value) ? "(a file)" : value;
}

/** Returns a try as a user may see it: whether it came to an answer, and to which one if it was theirs. */
function tryView({ id, userId, state, startedAt, endedAt, input, outcome }: TryRow, reader: string): TryView {
  const seen = {
    id,
    state,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
  if (userId !== reader) return seen;
  const told = outcome === null ? {} : state === "succeeded" ? { answer: outcome } : { problem: outcome };
  return { ...seen, input, ...told };
}
