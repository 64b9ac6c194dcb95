import { mayCreateRoles } from "./role.ts";
import { type Server, inDatabase, placeOf } from "./server.ts";

/** Returns where a database is, and whether its user may create roles. @throws DatabaseError */
export const askDatabase = (
  at: Server,
): Promise<{ readonly place: string; readonly mayCreateRoles: boolean }> =>
  inDatabase(at, async (client) => ({ place: placeOf(at), mayCreateRoles: await mayCreateRoles(client) }));
