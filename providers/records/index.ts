export { AgentRecord, type AgentRecordArgs } from "./agent-record.ts";
export { RecordsError, type RecordsErrorCode } from "./errors.ts";
export { RegistrationRecord, type RegistrationRecordArgs } from "./registration-record.ts";
export { askRecords } from "./table.ts";
