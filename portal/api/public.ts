import type { Hono } from "hono";
import type { ApiEnv, ApiParts } from "./context.ts";

/** What anybody may ask: /config and /healthz. */
export function publicRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get("/config", (context) => context.json(configOf(parts)));
  app.get("/healthz", async (context) => {
    await parts.database.query("SELECT 1");
    return context.json({ status: "ok" });
  });
}

function configOf({ templates, signIn, billing, fleets, settings }: ApiParts) {
  return {
    network: fleets.network,
    signIn,
    billing,
    templates: [...templates.values()].map(({ id, name, description, documents, takes, agent }) => ({
      id,
      name,
      description,
      price: priceText(agent["pricing"]),
      documents,
      takes: Object.keys(takes),
      lengths: takes,
    })),
    limits: { requestsAMinute: settings.PORTAL_REQUESTS_A_MINUTE, burst: settings.PORTAL_BURST },
  };
}

const priceText = (pricing: unknown): string =>
  typeof pricing === "string"
    ? pricing
    : ((pricing as { fixed?: string[] } | undefined)?.fixed ?? []).join(" + ");
