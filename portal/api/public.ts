import type { Hono } from "hono";
import { METRICS_TYPE, metricsOf } from "./metrics.ts";
import { signInOf } from "../identity/index.ts";
import { openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import type { Health } from "./schemas.ts";

/** What anybody may ask: /config, /healthz, /metrics, and what describes the API. */
export function publicRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get("/config", (context) => context.json(configOf(parts)));
  app.get("/healthz", async (context) => {
    await parts.database.query("SELECT 1");
    return context.json<Health>({ status: "ok", instance: parts.instance });
  });
  app.get("/metrics", async (context) =>
    context.body(await metricsOf(parts.database), 200, { "Content-Type": METRICS_TYPE }),
  );
  const document = openApiDocument(parts.url, parts.billing);
  app.get("/openapi.json", (context) => context.json(document));
  app.get("/reference", (context) => {
    context.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return context.html(referencePage(document));
  });
}

function configOf({ templates, billing, fleets, settings }: ApiParts) {
  return {
    network: fleets.network,
    signIn: signInOf(settings),
    billing,
    templates: [...templates.values()].map(({ id, name, description, documents, takes, agent }) => ({
      id,
      name,
      description,
      price: priceText(agent["pricing"]),
      documents,
      takes: ["bio", "description", ...(documents.most > 0 ? ["documents"] : [])],
      lengths: takes,
    })),
    limits: { requestsAMinute: settings.PORTAL_REQUESTS_A_MINUTE, burst: settings.PORTAL_BURST },
  };
}

const priceText = (pricing: unknown): string =>
  typeof pricing === "string"
    ? pricing
    : ((pricing as { fixed?: string[] } | undefined)?.fixed ?? []).join(" + ");
