import type { RouteTable } from "../endpoint.ts";
import { byIdentifier, byWallet } from "./agent-metadata.ts";
import { deleteRow } from "./delete.ts";
import { deregister } from "./deregister.ts";
import { count, diff, list } from "./lists.ts";
import { register, register029, register030 } from "./register.ts";
import { update, update029, update030 } from "./update.ts";

export const REGISTRY_ROUTES: RouteTable = {
  "GET /registry": list,
  "POST /registry": register,
  "DELETE /registry": deleteRow,
  "GET /registry/count": count,
  "GET /registry/diff": diff,
  "GET /registry/agent-identifier": byIdentifier,
  "GET /registry/wallet": byWallet,
  "POST /registry/deregister": deregister,
  "POST /registry/update": update,
};

/** What 0.29 takes otherwise: agents of other types. */
export const REGISTRY_ROUTES_0_29: RouteTable = {
  "POST /registry": register029,
  "POST /registry/update": update029,
};

/** And 0.30: agents that speak A2A. */
export const REGISTRY_ROUTES_0_30: RouteTable = {
  "POST /registry": register030,
  "POST /registry/update": update030,
};
