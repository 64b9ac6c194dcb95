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
export { type RegisteredUrls, type StackUrls, type UrlOf, expectedUrls, scopeOf } from "./expected-url.ts";
export { type Examination, type ExamineOptions, examineFleet, examineSurveyed } from "./examine.ts";
export { OBSTACLES, type Problem, type Seen } from "./obstacles.ts";
export { hostingRefusals, hostingWarnings } from "./hosting-problems.ts";
export { type WalletFunds, fundsProblem, readFunds } from "./funds.ts";
export {
  type FleetInput,
  type FleetPlan,
  type Orphan,
  type PlannedAgent,
  listingOf,
  planFleet,
  registeredUrls,
} from "./plan.ts";
export { rightsProblem } from "./refusals.ts";
export { countActions, describeCost, planWarnings, summaryOf } from "./summary.ts";
export { type Survey, survey } from "./survey.ts";
export { type WalletSight, walletProblem } from "./wallet-sight.ts";
export { paymentSourceOf } from "./wallets.ts";
