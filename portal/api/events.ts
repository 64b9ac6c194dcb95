import type { Context, Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type AgentFilter, findAgent, findAgents, findSteps } from "../database/agents.ts";
import { Places } from "../places.ts";
import { requireOwn } from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { tooMany } from "./problems.ts";
import { viewsOf } from "./view.ts";

const HEARTBEAT_MS = 15_000;
/** Streams of one user at the same time, in all their windows: each asks the database for every change. */
const MOST_STREAMS = 20;
/** No stream is longer, whatever its token says. */
const LONGEST_MS = 86_400_000;

type Followed = Pick<ApiParts, "database" | "changes"> & { readonly places: Places };

/** GET /events and GET /agents/{id}/events: server-sent events, which go on behind Last-Event-ID. A stream ends with its token. */
export function eventRoutes(app: Hono<ApiEnv>, { database, changes }: ApiParts): void {
  const parts = { database, changes, places: new Places({ each: MOST_STREAMS }) };
  app.get("/events", (context) => {
    const { id, isOperator } = context.get("user");
    const seesAll = isOperator && context.req.query("all") === "true";
    return follow(context, parts, seesAll ? {} : { userId: id });
  });
  app.get("/agents/:id/events", async (context) => {
    const { id } = requireOwn(await findAgent(database, context.req.param("id")), context.get("user"));
    return follow(context, parts, { id });
  });
}

/** Returns the version behind which a client goes on; "0" for all. */
function lastSeen(context: Context): string {
  const sent = context.req.header("last-event-id") ?? "";
  return /^\d{1,18}$/.test(sent) ? sent : "0";
}

/** @throws HttpProblem 429 */
function follow(
  context: Context<ApiEnv>,
  { database, changes, places }: Followed,
  filter: AgentFilter,
): Response {
  const { id: userId, isOperator: forOperator, expiresAt } = context.get("user");
  const lastsMs = Math.max(0, Math.min(LONGEST_MS, (expiresAt?.getTime() ?? Infinity) - Date.now()));
  // There is no stream to give its place back.
  if (context.req.method === "HEAD") return context.body(null);
  const giveBack = places.take(userId);
  if (!giveBack) throw tooMany(HEARTBEAT_MS / 1000);
  let version = lastSeen(context);
  let step = "0";
  // A proxy that collects an answer before passing it on would pass nothing on.
  context.header("X-Accel-Buffering", "no");
  context.header("Cache-Control", "no-store");
  return streamSSE(context, async (stream) => {
    const ended = new AbortController();
    stream.onAbort(() => {
      ended.abort();
      giveBack();
    });
    try {
      await tell(stream, AbortSignal.any([ended.signal, AbortSignal.timeout(lastsMs)]));
    } finally {
      giveBack();
    }
  });

  async function tell(stream: SSEStreamingApi, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = changes.hear((userId) => {
        if (filter.userId === undefined || userId === "" || userId === filter.userId) resolve();
      });
      try {
        const agents = await findAgents(database, { ...filter, after: version });
        for (const view of await viewsOf(database, agents, { forOperator })) {
          await stream.writeSSE({ event: "agent", id: view.version, data: JSON.stringify(view) });
          version = view.version;
        }
        if (filter.id !== undefined) step = await tellSteps(stream, database, filter.id, step);
        const isIdle = await untilHeard(promise, ended);
        // Also looked at anew then: a notification may have been lost with its connection.
        if (isIdle) await stream.write(": still here\n\n");
      } finally {
        stop();
      }
    }
  }
}

async function tellSteps(
  stream: SSEStreamingApi,
  database: ApiParts["database"],
  id: string,
  after: string,
): Promise<string> {
  let last = after;
  for (const { number, step, at, detail } of await findSteps(database, [id], after)) {
    await stream.writeSSE({ event: "step", data: JSON.stringify({ step, at: at.toISOString(), detail }) });
    last = number;
  }
  return last;
}

/** Waits for something to happen, and returns whether nothing did for the length of a heartbeat. */
async function untilHeard(heard: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: over, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), HEARTBEAT_MS);
  const abort = () => resolve(false);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([heard.then(() => false), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
