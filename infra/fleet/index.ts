/**
 * What a run would do to the registrations of a stack and what it costs: read from the payment service, decided by pure
 * functions. Used by the program (preflight) and the commands plan, drift, import and doctor. Loads no Pulumi.
 */
export { formatAda } from "../../providers/common/amounts.ts";
export { type Action, type Cost, costOf } from "./costs.ts";
export {
  type AgentDrift,
  type DriftOptions,
  type DriftStatus,
  type FieldDrift,
  type FleetDrift,
  compareContent,
  examineDrift,
  findDrift,
  isDrift,
} from "./drift.ts";
export { type StackUrls, expectedUrls } from "./expected-url.ts";
export { type Examination, type ExamineOptions, examineFleet } from "./examine.ts";
export { hostingRefusals, hostingWarnings } from "./hosting-problems.ts";
export { type WalletFunds, fundsProblem, readFunds } from "./funds.ts";
export {
  type FleetInput,
  type FleetPlan,
  type Orphan,
  type PlannedAgent,
  listingOf,
  planFleet,
} from "./plan.ts";
export { rightsProblem } from "./refusals.ts";
export { countActions, describeCost, planWarnings, summaryOf } from "./summary.ts";
export { describeSkipped } from "./skipped.ts";
export { type Survey, readAll, survey } from "./survey.ts";
export { paymentSourceOf } from "./wallets.ts";
