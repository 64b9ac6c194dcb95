/**
 * What a run would do to the registrations of a stack, and what it costs: read from the payment service, decided by
 * pure functions. The program (preflight) and the commands plan, drift, import and doctor all ask here. No Pulumi.
 */
export { type Action, type Cost, formatAda } from "./costs.ts";
export { type Examination, type ExamineOptions, examineFleet } from "./examine.ts";
export type { WalletFunds } from "./funds.ts";
export { listingOf } from "./listing.ts";
export type { FleetPlan, Orphan, PlannedAgent } from "./plan.ts";
export { rightsProblem } from "./rights.ts";
export { countActions, describeCost, planWarnings, summaryOf } from "./summary.ts";
