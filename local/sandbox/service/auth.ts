import type { Key, World } from "../world.ts";
import type { Right } from "./endpoint.ts";
import { unauthorized } from "./errors.ts";

/** The key of a request with enough rights; the order of the refusals is the service's. */
export function authenticate(world: World, token: string | undefined, right: Right): Key {
  if (!token) throw unauthorized("no authentication token provided");
  const key = world.keys.find((candidate) => candidate.token === token);
  if (!key) throw unauthorized("invalid authentication token provided");
  if (key.status === "Revoked") throw unauthorized("API key is revoked");
  if (right === "admin" && key.permission !== "Admin") throw unauthorized("admin access required");
  if (right === "pay" && key.permission === "Read") throw unauthorized("payment access required");
  return key;
}
