import { OpenAPIHono, type createRoute, z } from "@hono/zod-openapi";
import type { Template } from "../templates/template.ts";
import type { ApiParts } from "./context.ts";
import { METRICS_TYPE } from "./metrics.ts";
import { allCosts, costs } from "./costs/schemas.ts";
import { drift, fleet, runWithLog, spending, wallet } from "./operator/schemas.ts";
import {
  agent,
  agentChange,
  configuration,
  created,
  health,
  me,
  newAgent,
  problem,
  registry,
  run,
  tried,
} from "./schemas.ts";

type Responses = Parameters<typeof createRoute>[0]["responses"];
type Method = "get" | "post" | "patch" | "delete";

const json = <T extends z.ZodType>(schema: T) => ({ content: { "application/json": { schema } } });
const problemBody = { content: { "application/problem+json": { schema: problem } } };

const MEANINGS: Readonly<Record<number, string>> = {
  400: "The form has mistakes; all of them are in `problems`.",
  401: "No token, or none that counts here.",
  402: "A subscription is needed, or the plan is used up.",
  403: "For operators alone.",
  404: "No such agent, or not one of the user's.",
  409: "The name is taken, the Idempotency-Key was used for something else, or the agent leaves.",
  412: "The agent was changed since it had what `If-Match` names.",
  413: "Too large.",
  415: "A type that cannot be taken.",
  429: "Too many requests; `Retry-After` says when.",
  500: "A fault of the portal, such as a database that is away.",
  502: "The agent's job failed.",
  503: "Not just now, as while the portal starts; `detail` says why.",
};

const problems = (...statuses: number[]): Responses =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: MEANINGS[status] ?? "A problem.", ...problemBody }]),
  );

const ok = (description: string, schema: z.ZodType, status = 200): Responses => ({
  [status]: { description, ...json(schema) },
});

interface Described {
  readonly summary: string;
  readonly responses: Responses;
  readonly request?: Parameters<typeof createRoute>[0]["request"];
  readonly isPublic?: boolean;
}

const idInPath = z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) });

/** Forms, with the choices that at least one template leaves. */
function formsOf(templates: ReadonlyMap<string, Template>) {
  const options = new Map<string, Set<string>>();
  for (const [key, { options: all }] of [...templates.values()].flatMap(({ choices }) =>
    Object.entries(choices),
  )) {
    options.set(key, new Set([...(options.get(key) ?? []), ...all.map(({ name }) => name)]));
  }
  const choices = z
    .object(Object.fromEntries([...options].map(([key, names]) => [key, z.enum([...names]).optional()])))
    .optional()
    .openapi({ description: "What the template leaves to be chosen (`/config`); in multipart, as JSON." });
  const more = options.size === 0 ? {} : { choices };
  return {
    creation: newAgent.extend(more).openapi("NewAgent"),
    change: agentChange.extend(more).openapi("AgentChange"),
  };
}

const multipart = (schema: z.ZodType) =>
  ({ body: { content: { "multipart/form-data": { schema }, "application/json": { schema } } } }) as const;
const creating = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .openapi({ description: "Repeating a request with it does nothing twice." }),
  prefer: z
    .string()
    .optional()
    .openapi({ description: "How long to wait until it is registered.", example: "wait=30" }),
});
const guarded = z.object({
  "if-match": z.string().optional().openapi({
    description:
      "An ETag of the agent: nothing is done if its texts, choices or documents have changed since. What runs do to it does not count.",
  }),
});
const asKnown = z.object({
  "if-none-match": z
    .string()
    .optional()
    .openapi({ description: "An ETag of the agent: 304 while nothing of it has changed." }),
});
const resuming = z.object({
  "last-event-id": z.string().optional().openapi({ description: "Goes on behind this version." }),
});
const following = z.object({
  all: z.literal("true").optional().openapi({ description: "Everybody's agents; for operators alone." }),
});
const events: Responses = {
  200: {
    description: "`agent` events, each an Agent, with its version as id.",
    content: { "text/event-stream": { schema: z.string() } },
  },
  ...problems(401, 429),
};
const metrics: Responses = {
  200: {
    description: "Numbers of agents, requests, fleets and runs, and memory, in Prometheus' text format.",
    content: { [METRICS_TYPE]: { schema: z.string() } },
  },
  ...problems(500, 503),
};
const anything = z.record(z.string(), z.unknown());
const url = z.object({ url: z.string() });
const returning = { body: json(z.object({ returnPath: z.string().optional() })) };

/** Every route of the API that programs use, and what it answers. */
const routesOf = ({ creation, change }: ReturnType<typeof formsOf>): Readonly<Record<string, Described>> => ({
  "get /config": {
    summary: "What this portal offers",
    responses: ok("Settings.", configuration),
    isPublic: true,
  },
  "get /healthz": {
    summary: "Whether the portal and its database answer",
    responses: { ...ok("They do.", health), ...problems(500, 503) },
    isPublic: true,
  },
  "get /metrics": { summary: "Figures of the portal", responses: metrics, isPublic: true },
  "get /me": { summary: "Who I am", responses: { ...ok("The user.", me), ...problems(401) } },
  "post /agent": {
    summary: "Create an agent",
    request: { headers: creating, ...multipart(creation) },
    responses: {
      ...ok("It is registered.", created, 201),
      ...ok("It was accepted, and will be; `Location` is where to look.", created, 202),
      ...problems(400, 401, 402, 409, 413, 415, 429),
    },
  },
  "get /agents": {
    summary: "My agents",
    responses: { ...ok("All of them.", z.object({ agents: z.array(agent) })), ...problems(401) },
  },
  "get /agents/{id}": {
    summary: "One agent",
    request: { params: idInPath, headers: asKnown },
    responses: {
      ...ok("The agent.", agent),
      304: { description: "It is as `If-None-Match` says." },
      ...problems(401, 404),
    },
  },
  "patch /agents/{id}": {
    summary: "Change an agent",
    request: { params: idInPath, headers: guarded, ...multipart(change) },
    responses: {
      ...ok("It is so already: the agent as it is. No run is started.", agent),
      ...ok("Accepted: a run follows.", agent, 202),
      ...problems(400, 401, 402, 404, 409, 412, 413, 415, 429),
    },
  },
  "delete /agents/{id}": {
    summary: "Take an agent off the network",
    request: { params: idInPath, headers: guarded },
    responses: { ...ok("Accepted.", agent, 202), ...problems(401, 404, 412, 429) },
  },
  "post /agents/{id}/try": {
    summary: "Try an agent: one job, free of charge",
    request: { params: idInPath, body: json(z.object({ input: anything })) },
    responses: {
      ...ok("What it answered.", z.object({ result: z.string() })),
      ...problems(400, 401, 402, 404, 409, 429, 502),
    },
  },
  "get /agents/{id}/tries": {
    summary: "When an agent was tried of late, and what it answered",
    request: { params: idInPath },
    responses: {
      ...ok("The last tries, newest first.", z.object({ tries: z.array(tried) })),
      ...problems(401, 404),
    },
  },
  "get /agents/{id}/registry": {
    summary: "What the network's registry says of an agent",
    request: { params: idInPath },
    responses: { ...ok("As far as it told.", registry), ...problems(401, 404) },
  },
  "get /me/costs": {
    summary: "What my agents cost, by month and agent",
    responses: { ...ok("As far as it could be read.", costs), ...problems(401, 503) },
  },
  "get /events": {
    summary: "What happens to my agents",
    request: { headers: resuming, query: following },
    responses: events,
  },
  "get /agents/{id}/events": {
    summary: "What happens to one agent",
    request: { params: idInPath, headers: resuming },
    responses: events,
  },
  "post /billing/checkout": {
    summary: "Where to subscribe",
    request: returning,
    responses: { ...ok("A page to go to.", url), ...problems(401, 429) },
  },
  "post /billing/portal": {
    summary: "Where to change or end a subscription",
    request: returning,
    responses: { ...ok("A page to go to.", url), ...problems(401, 429) },
  },
  ...Object.fromEntries(
    (
      [
        ["agents", "Everybody's agents", z.object({ agents: z.array(agent) })],
        ["fleets", "The fleets", z.object({ fleets: z.array(fleet) })],
        ["wallets", "The wallets and their balances", z.object({ wallets: z.array(wallet) })],
        ["spent", "What was spent", spending],
        ["costs", "What agents cost, by month, agent and customer", allCosts],
        ["drift", "Where what is registered differs from what is declared", drift],
        ["runs", "The last runs", z.object({ runs: z.array(run) })],
      ] as const
    ).map(([name, summary, schema]): [string, Described] => [
      `get /operator/${name}`,
      { summary, responses: { ...ok(summary, schema), ...problems(401, 403, 503) } },
    ]),
  ),
  "get /operator/runs/{id}": {
    summary: "One run, with its log",
    request: { params: idInPath },
    responses: { ...ok("The run.", runWithLog), ...problems(401, 403, 404) },
  },
});

/** What Stripe asks, of a portal that it bills for. */
const WEBHOOK: Readonly<Record<string, Described>> = {
  "post /stripe/webhook": {
    summary: "What Stripe tells of subscriptions; signed by it",
    request: { headers: z.object({ "stripe-signature": z.string() }), body: json(anything) },
    responses: {
      ...ok("It is written down.", z.object({ received: z.literal(true) })),
      ...problems(400, 413),
    },
    isPublic: true,
  },
};

const ISSUED_TOKEN =
  "Send a token of the issuer that `signIn` of `GET /config` names, as `Authorization: Bearer <token>`.";
const LOCAL_TOKEN =
  "Send a token as `Authorization: Bearer <token>`. This portal signs users in itself: `POST /sign-in` with " +
  '`Content-Type: application/json` and `{"email": "you@example.com"}` answers one in `token`.';

export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** Returns the description of the API, made from the schemas that it answers by. */
export function openApiDocument(
  serverUrl: string,
  { billing, templates, signInRoutes }: Pick<ApiParts, "billing" | "templates" | "signInRoutes">,
): OpenApiDocument {
  const routes = routesOf(formsOf(templates));
  const docs = new OpenAPIHono();
  docs.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  for (const [route, { summary, responses, request, isPublic }] of Object.entries(
    billing === "stripe" ? { ...routes, ...WEBHOOK } : routes,
  )) {
    const [method, path] = route.split(" ") as [Method, string];
    docs.openAPIRegistry.registerPath({
      method,
      path,
      summary,
      responses,
      ...(request ? { request } : {}),
      ...(isPublic ? {} : { security: [{ bearer: [] }] }),
    });
  }
  return docs.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Create AI agent",
      version: "1.0.0",
      description: `Agents of customers on the Masumi network. ${signInRoutes ? LOCAL_TOKEN : ISSUED_TOKEN}`,
    },
    servers: [{ url: serverUrl }],
  });
}
