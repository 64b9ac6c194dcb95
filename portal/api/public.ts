import type { Hono } from "hono";
import { METRICS_TYPE, metricsOf } from "./metrics.ts";
import { signInOf } from "../identity/index.ts";
import { openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import { templatePrice } from "../templates/declare.ts";
import type { Template } from "../templates/template.ts";
import type { ConfigurationView, Health } from "./schemas.ts";

/** What anybody may ask: /config, /healthz, /metrics, and what describes the API. */
export function publicRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const prices = new Map<string, string>();
  app.get("/config", (context) => context.json<ConfigurationView>(configOf(parts, prices)));
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

/** @param prices those that were found before: anybody may ask, and each takes a check of the whole template */
function configOf(
  { templates, billing, fleets, settings }: ApiParts,
  prices: Map<string, string>,
): ConfigurationView {
  const { project, model: stack } = fleets;
  const priceShown = (template: Template): string => {
    const known = prices.get(template.id) ?? templatePrice(template, { project, stack }) ?? "unknown";
    prices.set(template.id, known);
    return known;
  };
  return {
    network: fleets.network,
    signIn: signInOf(settings),
    billing,
    templates: [...templates.values()].map((template) => {
      const { id, name, description, documents, takes } = template;
      return {
        id,
        name,
        description,
        price: priceShown(template),
        documents,
        takes: ["bio", "description", ...(documents.most > 0 ? (["documents"] as const) : [])],
        lengths: takes,
      };
    }),
    limits: { requestsAMinute: settings.PORTAL_REQUESTS_A_MINUTE, burst: settings.PORTAL_BURST },
  };
}
