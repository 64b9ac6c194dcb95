import { Hono } from "hono";
import { HttpProblem } from "../problem.ts";
import { accountRoutes } from "./account.ts";
import { agentRoutes } from "./agents.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { costsRoutes } from "./costs/routes.ts";
import { eventRoutes } from "./events.ts";
import { RateLimit } from "./limits.ts";
import { notFound } from "./problems.ts";
import { operatorRoutes } from "./operator/routes.ts";
import { publicRoutes } from "./public.ts";
import { registryRoutes } from "./registry/routes.ts";
import { tryRoutes } from "./try.ts";

/** Makes the portal's HTTP API. */
export function createApi(parts: ApiParts): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.onError((error, context) => {
    if (error instanceof HttpProblem) return error.getResponse();
    if (!hasHungUp(error, context.req.raw.signal))
      parts.say(`A request failed: ${error.stack ?? error.message}`);
    return unexpected().getResponse();
  });
  app.notFound(() => notFound().getResponse());
  app.use(async (context, next) => {
    // No text in PostgreSQL has a zero byte, so nothing is at such an address.
    if (context.req.path.includes("\0")) throw notFound();
    await next();
  });
  publicRoutes(app, parts);
  const plain = app as unknown as Hono;
  parts.signInRoutes?.(plain);
  parts.gate.routes?.(plain);
  for (const path of [
    "/agent",
    "/agents",
    "/agents/*",
    "/events",
    "/me",
    "/me/*",
    "/billing/*",
    "/operator/*",
  ]) {
    app.use(path, async (context, next) => {
      const { signal } = context.req.raw;
      context.set("user", await parts.identity.verify(context.req.header("authorization"), signal));
      context.header("Cache-Control", "no-store");
      await next();
    });
  }
  const limit = new RateLimit(parts.settings.PORTAL_BURST, parts.settings.PORTAL_REQUESTS_A_MINUTE);
  eventRoutes(app, parts);
  agentRoutes(app, parts, limit);
  registryRoutes(app, parts);
  tryRoutes(app, parts, limit);
  accountRoutes(app, parts, limit);
  operatorRoutes(app, parts);
  costsRoutes(app, parts);
  return app;
}

/** Whether an error is only that nobody waits for the answer any more: it is no fault, and would let anybody fill the log. */
const hasHungUp = (error: Error & { readonly code?: unknown }, { aborted }: AbortSignal): boolean =>
  aborted && (error.code === "ECONNRESET" || error.name === "AbortError");

const unexpected = () =>
  new HttpProblem({
    status: 500,
    error: "unexpected",
    title: "Something went wrong",
    detail: "This is a fault of the portal, which its log describes. Send the request again later.",
  });
