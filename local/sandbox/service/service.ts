import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, json, queryObject, type Request } from "../http/message.ts";
import { authenticate } from "./auth.ts";
import type { Call, Endpoint, Service } from "./endpoint.ts";
import { badRequest, ServiceError } from "./errors.ts";
import { type Routes, routesOf } from "./routes.ts";

const BASE = "/api/v1";
/** The largest body the service reads, in bytes. */
export const BODY_LIMIT = 100 * 1024;
const LONGEST_REFUSAL_MS = 1_000;

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, PATCH",
  "Access-Control-Expose-Headers": "Content-Range, X-Total-Count",
};

/** Where a request goes: `route` is "POST /registry", also for paths written in capitals or with a slash at the end. */
export interface Target {
  readonly path: string;
  readonly route: string;
  readonly methods: readonly string[] | undefined;
}

export interface PaymentService {
  target(request: Pick<Request, "method" | "path">): Target;
  answer(request: Request, target: Target, signal: AbortSignal): Promise<Answer>;
}

const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  fields: Readonly<Record<string, unknown>> = {},
) => withEtag(json(status, { status: "error", error: { message }, ...fields }, headers));

/** The weak entity tag that Express computes: length in hex and the first 27 characters of the SHA-1. */
function withEtag(answer: Answer): Answer {
  const digest = createHash("sha1").update(answer.body).digest("base64").slice(0, 27);
  const length = Buffer.byteLength(answer.body).toString(16);
  return { ...answer, headers: { ...answer.headers, ETag: `W/"${length}-${digest}"` } };
}

/** The payment service over a world and a store: from a whole request to a whole answer. */
export function paymentService(
  service: Service,
  options: { authDelay: boolean; cors: boolean },
): PaymentService {
  const cors = options.cors ? CORS : {};
  const routes = routesOf(service.world.dialect);
  return {
    target: (request) => targetOf(routes, request),
    answer: async (request, target, signal) => {
      const { method, path } = request;
      if (!target.methods) return failure(404, `Can not ${method} ${path}`);
      if (!isAllowed(target.methods, method))
        return failure(405, `${method} is not allowed`, { Allow: allow(target.methods) });
      if (target.path === "/api-docs") return fresh(request, withEtag(json(200, routes.document())));
      if (method === "OPTIONS") return { status: 200, headers: cors, body: "" };
      try {
        const data = work(service, routes.endpoint(target.route), request, target.route);
        return fresh(request, withEtag(json(200, { status: "success", data }, cors)));
      } catch (error) {
        if (!(error instanceof ServiceError)) {
          console.error(`sandbox: ${target.route} failed unexpectedly`, error);
          return failure(500, "Internal Server Error", cors);
        }
        if (error.delayed && options.authDelay) {
          await sleep(Math.random() * LONGEST_REFUSAL_MS, undefined, { signal });
        }
        return failure(error.status, error.message, cors, error.fields);
      }
    },
  };
}

function targetOf(routes: Routes, { method, path }: Pick<Request, "method" | "path">): Target {
  const plain = path.toLowerCase().replace(/\/$/, "");
  const verb = method === "HEAD" ? "GET" : method;
  if (plain === "/api-docs") return { path: plain, route: `${verb} ${plain}`, methods: ["GET"] };
  const below = plain.startsWith(`${BASE}/`) ? plain.slice(BASE.length) : "";
  return { path: below || plain, route: `${verb} ${below || plain}`, methods: routes.methods(below) };
}

const isAllowed = (methods: readonly string[], method: string) =>
  method === "OPTIONS" || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));

const allow = (methods: readonly string[]) =>
  [...methods.toSorted(), ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");

/** 304 for a reader that has this very answer already. */
function fresh(request: Request, answer: Answer): Answer {
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead || request.headers["if-none-match"] !== answer.headers["ETag"]) return answer;
  const { "Content-Type": _, ...headers } = answer.headers;
  return { status: 304, headers, body: "" };
}

function work(service: Service, { right, handle }: Endpoint, request: Request, route: string): unknown {
  const input =
    request.method === "GET" || request.method === "HEAD" ? queryObject(request.query) : bodyOf(request);
  if (right === "none") return handle(input, { ...service, route, key: NOBODY });
  const token = request.headers["token"];
  const key = authenticate(service.world, Array.isArray(token) ? token[0] : token, right);
  const call: Call = { ...service, route, key };
  service.chain.settle();
  return service.store.transact(() => handle(input, call));
}

const NOBODY = { id: "", token: "", permission: "Read", networks: [], chains: [], status: "Active" } as const;

/** The JSON body; any other content type counts as empty. */
function bodyOf(request: Request): unknown {
  if (request.tooLarge) throw new ServiceError(413, "request entity too large");
  const isJson = /^application\/json\b/i.test(request.headers["content-type"] ?? "");
  if (!isJson || request.body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8"));
    return Array.isArray(value) ? {} : value;
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}
