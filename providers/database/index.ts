export { DatabaseRole, type DatabaseRoleArgs } from "./database-role.ts";
export { DatabaseError, type DatabaseErrorCode } from "./errors.ts";
