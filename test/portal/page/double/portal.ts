import { randomUUID } from "node:crypto";
import { type ServerType, serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { servePage } from "../../../../portal/page/serve.ts";
import type {
  BillingStatus,
  Chosen,
  Configuration,
  FieldProblem,
  Try,
  User,
} from "../../../../portal/page/src/wire.ts";
import { addOperatorRoutes, ownCosts } from "./operator.ts";
import { CONFIGURATION, type OwnedAgent, type Texts, type Upload, World } from "./world.ts";

export interface DoubleOptions {
  readonly config?: Partial<Configuration>;
  /** How long an agent stays in a state; Infinity: for good. @default 150 */
  readonly paceMs?: number;
  readonly folder?: string;
  readonly connect?: readonly string[];
  /** Takes a token as whose it is, beside those of the local sign-in. */
  readonly userOf?: (token: string) => User | undefined;
}

/** The portal's API as the page needs it: a real server, agents that move, but no fleet behind it. */
export interface PortalDouble {
  readonly url: string;
  readonly world: World;
  /** `POST /agent`, in order; how often each was asked for. */
  readonly requests: Map<string, number>;
  /** While set, every request is answered with it. */
  broken: number | undefined;
  /** While set, streams are refused, as by a proxy that does not let them through. */
  withoutStreams: boolean;
  /** Ends the streams that are open. */
  cut(): void;
  /** What an agent is asked is answered with this status. */
  failTry: boolean;
  tokenFor(user: User): string;
  close(): Promise<void>;
}

const NO_SUBSCRIPTION: BillingStatus = { state: "none", plan: null, allowed: null, drainsAt: null };
const ACTIVE: BillingStatus = { state: "active", plan: "Team", allowed: 10, drainsAt: null };

const problem = (
  context: Context,
  status: ContentfulStatusCode,
  error: string,
  detail: string,
  more: object = {},
) =>
  context.body(JSON.stringify({ title: TITLES[status] ?? "Error", status, error, detail, ...more }), status, {
    "Content-Type": "application/problem+json",
  });
const PROTECTED = /^\/(me|agents?|billing|events|operator)(\/|$)/;
const isApi = (path: string): boolean => PROTECTED.test(path) || path === "/config" || path === "/sign-in";
const TITLES: Readonly<Record<number, string>> = {
  400: "The form has problems",
  401: "Not signed in",
  402: "A subscription is needed",
  403: "For operators only",
  404: "Not found",
  502: "The job failed",
  503: "Not available",
};

const CHECKOUT = (
  returnPath: string,
  user: string,
) => `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Checkout</title><h1>Pay</h1>
<form method="post" action="/test-checkout?user=${user}&amp;return=${encodeURIComponent(returnPath)}"><button>Pay 20 EUR</button></form></html>`;

async function uploadsOf(found: unknown): Promise<Upload[]> {
  const files = (Array.isArray(found) ? found : [found]).filter((one) => one instanceof File);
  return Promise.all(files.map(async (file) => ({ name: file.name, text: await file.text() })));
}

const choicesOf = (found: unknown): Pick<Texts, "choices"> =>
  typeof found === "string" ? { choices: JSON.parse(found) as Chosen } : {};

const textOf = (found: unknown): string | undefined => (typeof found === "string" ? found : undefined);

/** What an agent answers: the first line of its documents that has a long word of the question, else its bio and the question. */
function answerOf(
  world: World,
  bio: string,
  digests: readonly string[],
  input: Record<string, unknown>,
): string {
  const question = Object.values(input).map(String).join(" ");
  const words = question.toLowerCase().match(/\p{L}{5,}/gu) ?? [];
  for (const digest of digests) {
    const { name = "", text = "" } = world.uploads.get(digest) ?? {};
    const line = text.split("\n").find((one) => words.some((word) => one.toLowerCase().includes(word)));
    if (line !== undefined) return `${line}\n\n(${name})`;
  }
  return `${bio}: I have read "${question}" and found nothing about it.`;
}

export async function startPortalDouble(options: DoubleOptions = {}): Promise<PortalDouble> {
  const config = { ...CONFIGURATION, ...options.config };
  const world = new World(options.paceMs ?? 150);
  const users = new Map<string, User>();
  const answered = new Map<string, string>();
  const requests = new Map<string, number>();
  const streams = new Set<() => void>();
  const app = new Hono<{ Variables: { user: User } }>();

  const tokenFor = (user: User): string => {
    const token = `token-of-${user.id}`;
    users.set(token, user);
    return token;
  };
  const billingOf = ({ id }: User): BillingStatus =>
    config.billing === "none" ? NO_SUBSCRIPTION : (world.billing.get(id) ?? NO_SUBSCRIPTION);
  const mayCreate = (user: User) =>
    config.billing === "none" || ["active", "trialing"].includes(billingOf(user).state);
  /** A list and events carry no deployments and evaluations. */
  const listed = (user: User, agent: object) => ({
    ...shown(user, agent),
    deployments: undefined,
    evaluations: undefined,
  });
  const shown = ({ isOperator }: User, agent: object) => (isOperator ? agent : { ...agent, user: undefined });

  app.use(async (context, next) => {
    const key = `${context.req.method} ${context.req.path}`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
    if (double.broken !== undefined && isApi(context.req.path)) {
      return problem(
        context,
        double.broken as ContentfulStatusCode,
        "broken",
        "The portal is being updated.",
      );
    }
    return next();
  });
  app.get("/config", (context) => context.json(config));
  app.post("/sign-in", async (context) => {
    const { email, operator } = await context.req.json<{ email: string; operator?: boolean }>();
    const user: User = { id: email.replaceAll(/[^a-z0-9]/gi, "-"), email, isOperator: operator === true };
    return context.json({ token: tokenFor(user), user });
  });
  app.get("/test-checkout", (context) =>
    context.html(CHECKOUT(context.req.query("return") ?? "/", context.req.query("user") ?? "")),
  );
  app.post("/test-checkout", (context) => {
    world.billing.set(context.req.query("user") ?? "", ACTIVE);
    return context.redirect(context.req.query("return") ?? "/", 303);
  });

  app.use(async (context, next) => {
    const isPage = context.req.method === "GET" && (context.req.header("Accept") ?? "").includes("text/html");
    if (!PROTECTED.test(context.req.path) || isPage) return next();
    const token = (context.req.header("Authorization") ?? "").replace(/^Bearer /, "");
    const user = users.get(token) ?? options.userOf?.(token);
    if (!user) return problem(context, 401, "unauthorized", "The token is not good.");
    if (context.req.path.startsWith("/operator/") && !user.isOperator) {
      return problem(context, 403, "forbidden", "You are no operator.");
    }
    context.set("user", user);
    return next();
  });

  app.get("/me", (context) => {
    const user = context.get("user");
    return context.json({ user, billing: billingOf(user), agents: world.of(user).length });
  });
  app.get("/me/costs", (context) => {
    const user = context.get("user");
    return context.json(ownCosts(world.of(user).filter((agent) => agent.user === user.id)));
  });
  app.post("/billing/:page", async (context) => {
    const { returnPath } = await context.req.json<{ returnPath: string }>();
    const query = new URLSearchParams({ user: context.get("user").id, return: returnPath });
    return context.json({ url: `/test-checkout?${query.toString()}` });
  });
  app.post("/agent", async (context) => {
    const user = context.get("user");
    const key = context.req.header("Idempotency-Key");
    const known = key === undefined ? undefined : answered.get(key);
    if (known !== undefined) return context.json({ agentId: known }, 202);
    const body = await context.req.parseBody({ all: true });
    if (!mayCreate(user)) {
      return problem(context, 402, "subscription", "You have no subscription.", {
        checkoutUrl: `/test-checkout?user=${user.id}&return=/create`,
      });
    }
    const texts: Texts = {
      name: textOf(body["name"]) ?? "",
      bio: textOf(body["bio"]) ?? "",
      description: textOf(body["description"]) ?? "",
      ...choicesOf(body["choices"]),
    };
    const problems: FieldProblem[] = /forbidden/i.test(texts.name)
      ? [
          { field: "name", message: "contains a word that the network refuses" },
          { field: "docs[0]", message: "is encrypted" },
        ]
      : [];
    if (problems.length > 0) return problem(context, 400, "form", "2 problems.", { problems });
    const agent = world.create(user, textOf(body["template"]) ?? "", texts, await uploadsOf(body["docs"]));
    if (key !== undefined) answered.set(key, agent.agentId);
    context.header("Location", `/agents/${agent.agentId}`);
    return context.json({ agentId: agent.agentId }, 202);
  });
  app.get("/agents", (context) => {
    const user = context.get("user");
    const mine = world.of(user).filter((agent) => agent.user === user.id);
    return context.json({ agents: mine.map((agent) => listed(user, agent)).toReversed() });
  });

  type Ctx = Context<{ Variables: { user: User } }>;
  const found = (context: Ctx) =>
    world.of(context.get("user")).find(({ agentId }) => agentId === context.req.param("id"));
  const missing = (context: Ctx) => problem(context, 404, "not-found", "There is no such agent.");
  app.get("/agents/:id", (context) => {
    const agent = found(context);
    return agent ? context.json(shown(context.get("user"), agent)) : missing(context);
  });
  app.patch("/agents/:id", async (context) => {
    const agent = found(context);
    if (!agent) return missing(context);
    const body = await context.req.parseBody({ all: true });
    const texts = {
      ...Object.fromEntries(
        ["name", "bio", "description"].flatMap((field) =>
          field in body ? [[field, textOf(body[field]) ?? ""]] : [],
        ),
      ),
      ...choicesOf(body["choices"]),
    };
    const removed = [body["removeDocs"]].flat().flatMap((one) => textOf(one) ?? []);
    return context.json(
      world.change(agent.agentId, texts, await uploadsOf(body["docs"]), removed) ?? {},
      202,
    );
  });
  app.delete("/agents/:id", (context) => {
    const agent = found(context);
    return agent ? context.json(world.remove(agent.agentId) ?? {}, 202) : missing(context);
  });
  app.post("/agents/:id/try", async (context) => {
    const agent = found(context);
    if (!agent) return missing(context);
    const { input } = await context.req.json<{ input: Record<string, unknown> }>();
    const startedAt = new Date().toISOString();
    const note = (ended: Pick<Try, "state" | "answer" | "problem">) =>
      world.addTry(agent.agentId, {
        ...ended,
        id: randomUUID(),
        user: context.get("user").id,
        startedAt,
        endedAt: new Date().toISOString(),
        input: Object.values(input).map(String).join("\n"),
      });
    if (double.failTry) {
      note({ state: "failed", problem: "The model refused the request." });
      return problem(context, 502, "job-failed", "The model refused the request.");
    }
    const digests = agent.documents.map(({ sha256 }) => sha256);
    const result = answerOf(world, agent.bio, digests, input);
    note({ state: "succeeded", answer: result });
    return context.json({ result });
  });
  app.get("/agents/:id/tries", (context) => {
    const agent = found(context);
    if (!agent) return missing(context);
    return context.json({ tries: world.triesOf(agent.agentId, context.get("user")) });
  });

  app.get("/agents/:id/registry", (context) => {
    const agent = found(context);
    if (!agent) return missing(context);
    const unlisted = { status: null, reason: null, uptimePercent: null, checks: null, checkedAt: null };
    const health = { ...unlisted, firstSeenAt: null, supersedes: null, rank: null };
    const asked = { askedAt: new Date().toISOString(), problem: null, health };
    return context.json(world.registry.get(agent.agentId) ?? asked);
  });

  const events = (context: Ctx, of: (agentId: string, user: string) => boolean) => {
    if (double.withoutStreams) return problem(context, 503, "no-streams", "A proxy is in between.");
    const user = context.get("user");
    const since = BigInt(context.req.header("Last-Event-ID") ?? 0);
    return streamSSE(context, async (stream) => {
      const ended = new Promise<void>((end) => {
        streams.add(end);
        stream.onAbort(end);
      });
      const say = (agent: OwnedAgent) =>
        of(agent.agentId, agent.user)
          ? stream.writeSSE({ event: "agent", id: agent.version, data: JSON.stringify(listed(user, agent)) })
          : Promise.resolve();
      const heard = {
        agent: (agent: OwnedAgent) => void say(agent),
        step: (agentId: string, step: object) => {
          if (context.req.path !== "/events" && of(agentId, user.id)) {
            void stream.writeSSE({ event: "step", data: JSON.stringify(step) });
          }
        },
      };
      world.followers.add(heard);
      await stream.write(": hello\n\n");
      for (const agent of world.of(user)) if (BigInt(agent.version) > since) await say(agent);
      await ended;
      world.followers.delete(heard);
    });
  };
  app.get("/events", (context) => events(context, (_, user) => user === context.get("user").id));
  app.get("/agents/:id/events", (context) => {
    const agent = found(context);
    return agent ? events(context, (agentId) => agentId === agent.agentId) : missing(context);
  });
  addOperatorRoutes(app as unknown as Hono, () => [...world.agents.values()]);
  const { folder, connect } = options;
  servePage(app as unknown as Hono, {
    ...(folder === undefined ? {} : { folder }),
    ...(connect ? { connect } : {}),
  });

  const { server, port } = await new Promise<{ server: ServerType; port: number }>((listening) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (info) =>
      listening({ server, port: info.port }),
    );
  });
  const cut = () => {
    for (const end of streams) end();
    streams.clear();
  };
  const double: PortalDouble = {
    url: `http://127.0.0.1:${port}`,
    world,
    requests,
    broken: undefined,
    withoutStreams: false,
    failTry: false,
    cut,
    tokenFor,
    close: async () => {
      world.close();
      cut();
      await new Promise((closed) => {
        server.close(closed);
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
  return double;
}
