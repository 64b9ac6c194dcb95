import { z } from "zod";
import { endpoint } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { badRequest, notFound } from "../errors.ts";

const DELETABLE = new Set(["RegistrationFailed", "DeregistrationConfirmed"]);

/** DELETE /registry: forgets a row of which nothing is on the chain. */
export const deleteRow = endpoint("admin", z.object({ id: z.cuid() }), ({ id }, call) => {
  const row = call.store.registrations.get(id);
  if (!row) throw notFound("Agent Registration not found");
  if (!DELETABLE.has(row.state)) {
    throw badRequest(`Agent registration cannot be deleted in its current state: ${row.state}`);
  }
  call.store.registrations.remove(id);
  return toEntry(row, call);
});
