import type { Hono } from "hono";
import { z } from "zod";
import { findAgent } from "../database/agents.ts";
import { HttpProblem } from "../problem.ts";
import { NotNowError, tryAgent } from "../runs/try.ts";
import { requireOwn } from "./accept.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { readJsonBody } from "./form.ts";
import type { RateLimit } from "./limits.ts";
import { invalid, wrongState } from "./problems.ts";

const WITHIN_MS = 180_000;
/** Files come within the input, in base64. */
const MOST_BYTES = 16 * 1024 * 1024;

const body = z.object({ input: z.record(z.string(), z.unknown()) });

/** POST /agents/{id}/try: one job, free of charge and without the network. */
export function tryRoutes(app: Hono<ApiEnv>, parts: ApiParts, limit: RateLimit): void {
  app.post("/agents/:id/try", async (context) => {
    const user = context.get("user");
    limit.take(user.id);
    const agent = requireOwn(await findAgent(parts.database, context.req.param("id")), user);
    const { input } = await readJsonBody(context, body, MOST_BYTES);
    const signal = AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(WITHIN_MS)]);
    const project = parts.fleets.projectOf(agent.fleet);
    const { stack } = parts.fleets.named(agent.fleet);
    try {
      const request = { userId: user.id, project, stack, agentId: agent.id, input, env: parts.env };
      const end = await tryAgent(request, signal);
      if (end.event === "completed") return context.json({ result: end.result });
      if (end.event === "refused")
        throw invalid(end.problems.map((message) => ({ field: "input", message })));
      throw jobFailed(end.event === "failed" ? end.message : "It took too long, or asked a question back.");
    } catch (error) {
      if (error instanceof NotNowError) throw wrongState(error.message);
      throw error;
    }
  });
}

const jobFailed = (detail: string): HttpProblem =>
  new HttpProblem({ status: 502, error: "job-failed", title: "The agent's job failed", detail });
