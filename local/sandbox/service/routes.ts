import { z } from "zod";
import { type Dialect, hasA2A, hasEntryTypes, isOf2025 } from "../world.ts";
import { ACCOUNT_ROUTES, ACCOUNT_ROUTES_2025 } from "./account/routes.ts";
import { API_PATHS, API_PATHS_0_29, PATHS_2025 } from "./api-paths.ts";
import { type Endpoint, endpoint, type RouteTable } from "./endpoint.ts";
import { notSimulated } from "./errors.ts";
import { ESCROW_ROUTES } from "./escrow/routes.ts";
import { REGISTRY_ROUTES_2025 } from "./registry/dialect-2025.ts";
import { REGISTRY_ROUTES, REGISTRY_ROUTES_0_29, REGISTRY_ROUTES_0_30 } from "./registry/routes.ts";

const health = endpoint("none", z.object({}), () => ({ status: "ok" }));
const refused = endpoint("read", z.object({}), (_, call) => {
  throw notSimulated(call.route);
});

const TODAY: RouteTable = {
  "GET /health": health,
  ...ACCOUNT_ROUTES,
  ...REGISTRY_ROUTES,
  ...ESCROW_ROUTES,
};
const NEXT: RouteTable = { ...TODAY, ...REGISTRY_ROUTES_0_29 };
const WITH_A2A: RouteTable = { ...TODAY, ...REGISTRY_ROUTES_0_30 };
const OF_2025: RouteTable = { "GET /health": health, ...ACCOUNT_ROUTES_2025, ...REGISTRY_ROUTES_2025 };

export interface Routes {
  /** Methods of a path in capitals; undefined = the service has no such path. */
  methods(path: string): readonly string[] | undefined;
  endpoint(route: string): Endpoint;
  /** The API document at /api-docs: enough to tell releases apart. */
  document(): unknown;
}

/** Returns a release's paths with their methods, and those that are simulated. */
function tablesOf(dialect: Dialect) {
  if (isOf2025(dialect)) return { paths: PATHS_2025, endpoints: OF_2025 };
  if (hasA2A(dialect)) return { paths: API_PATHS_0_29, endpoints: WITH_A2A };
  if (hasEntryTypes(dialect)) return { paths: API_PATHS_0_29, endpoints: NEXT };
  return { paths: API_PATHS, endpoints: TODAY };
}

export function routesOf(dialect: Dialect): Routes {
  const { paths, endpoints } = tablesOf(dialect);
  const find = (route: string) => endpoints[route] ?? refused;
  return {
    methods: (path) => paths.get(path)?.map((method) => method.toUpperCase()),
    endpoint: find,
    document: () => ({
      openapi: "3.0.0",
      info: {
        version: "1.0.0",
        title: "Masumi Payment Service API",
        description:
          "The sandbox's simulation of the payment service: paths, methods and names of the input only, and of words what they may be.",
      },
      servers: [{ url: "./../api/v1/" }],
      paths: Object.fromEntries(
        Array.from(paths, ([path, methods]) => [
          path,
          Object.fromEntries(
            methods.map((method) => [
              method,
              describe(method, find(`${method.toUpperCase()} ${path}`).parameters),
            ]),
          ),
        ]),
      ),
    }),
  };
}

function describe(method: string, parameters: Endpoint["parameters"]) {
  if (method === "get") return { parameters: Object.keys(parameters).map((name) => ({ name, in: "query" })) };
  const properties = Object.fromEntries(
    Object.entries(parameters).map(([name, words]) => [name, words ? { type: "string", enum: words } : {}]),
  );
  return { requestBody: { content: { "application/json": { schema: { type: "object", properties } } } } };
}
