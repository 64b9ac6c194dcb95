import type { RouteTable } from "../endpoint.ts";
import { byIdentifier, byWallet } from "./agent-metadata.ts";
import { deleteRow } from "./delete.ts";
import { deregister } from "./deregister.ts";
import { count, diff, list } from "./lists.ts";
import { register } from "./register.ts";
import { update } from "./update.ts";

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
