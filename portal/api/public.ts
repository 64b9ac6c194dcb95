import type { Hono } from "hono";
import { METRICS_TYPE, metricsOf } from "./metrics.ts";
import { signInOf } from "../identity/index.ts";
import { openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference.ts";
import type { ApiEnv, ApiParts } from "./context.ts";
import type { Choices, Chosen } from "../templates/choices.ts";
import { type Target, templatePrice } from "../templates/declare.ts";
import type { Template } from "../templates/template.ts";
import type { ConfigurationView, Health } from "./schemas.ts";

/** What anybody may ask: /config, /healthz, /metrics, and what describes the API. */
export function publicRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  let configuration: ConfigurationView | undefined;
  app.get("/config", (context) => {
    // Anybody may ask, and prices take a check of each whole template.
    configuration ??= configOf(parts);
    return context.json(configuration);
  });
  app.get("/healthz", async (context) => {
    await parts.database.query("SELECT 1");
    return context.json<Health>({ status: "ok", instance: parts.instance });
  });
  app.get("/metrics", async (context) =>
    context.body(await metricsOf(parts.database), 200, { "Content-Type": METRICS_TYPE }),
  );
  const document = openApiDocument(parts.url, parts);
  app.get("/openapi.json", (context) => context.json(document));
  app.get("/reference", (context) => {
    context.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return context.html(referencePage(document));
  });
}

function configOf({ templates, billing, fleets, settings, registry }: ApiParts): ConfigurationView {
  const { project, model: stack } = fleets;
  return {
    network: fleets.network,
    signIn: signInOf(settings),
    billing,
    registry: registry !== undefined,
    templates: [...templates.values()].map((template) => templateView(template, { project, stack })),
    limits: { requestsAMinute: settings.PORTAL_REQUESTS_A_MINUTE, burst: settings.PORTAL_BURST },
  };
}

function templateView(template: Template, target: Target): ConfigurationView["templates"][number] {
  const { id, name, description, documents, takes, choices } = template;
  const priceWith = (chosen?: Chosen) => templatePrice(template, target, chosen) ?? "unknown";
  return {
    id,
    name,
    description,
    price: priceWith(),
    documents,
    takes: ["bio", "description", ...(documents.most > 0 ? (["documents"] as const) : [])],
    choices: Object.entries(choices).map(([key, choice]) => choiceView(key, choice, priceWith)),
    lengths: takes,
  };
}

function choiceView(
  id: string,
  { name, hint, options, default: usual }: Choices[string],
  priceWith: (chosen: Chosen) => string,
): ConfigurationView["templates"][number]["choices"][number] {
  const priced = options.map((option) => ({ name: option.name, price: priceWith({ [id]: option.name }) }));
  const isPriced = new Set(priced.map(({ price }) => price)).size > 1;
  return {
    id,
    name,
    options: isPriced ? priced : options.map((option) => ({ name: option.name })),
    ...(hint === undefined ? {} : { hint }),
    ...(usual === undefined ? {} : { default: usual }),
  };
}
