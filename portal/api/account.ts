import type { Hono } from "hono";
import { z } from "zod";
import { countAgentsOf } from "../database/agents.ts";
import { readJsonBody } from "./form.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import type { RateLimit } from "./limits.ts";
import type { MeView } from "./schemas.ts";

/** GET /me, POST /billing/checkout and POST /billing/portal. */
export function accountRoutes(app: Hono<ApiEnv>, { database, gate, url }: ApiParts, limit: RateLimit): void {
  app.get("/me", async (context) => {
    const { expiresAt: _ofToken, ...user } = context.get("user");
    const [billing, agents] = await Promise.all([gate.status(user), countAgentsOf(database, user.id)]);
    return context.json<MeView>({ user, billing, agents });
  });
  app.post("/billing/*", async (context, next) => {
    // Each is a page that Stripe has to make.
    limit.take(context.get("user").id);
    await next();
  });
  app.post("/billing/checkout", async (context) => {
    const { returnPath } = await readJsonBody(context, returning);
    return context.json({ url: await gate.checkout(context.get("user"), `${url}${returnPath}`) });
  });
  app.post("/billing/portal", async (context) => {
    const { returnPath } = await readJsonBody(context, returning);
    return context.json({ url: await gate.customerPortal(context.get("user"), `${url}${returnPath}`) });
  });
}

/** Where the user comes back to: a path of the portal, and nothing that leads elsewhere. */
const returning = z.object({
  returnPath: z
    .string()
    .regex(/^\/(?![/\\])[\x21-\x7e]*$/)
    .default("/"),
});
