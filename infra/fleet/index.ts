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
  type FleetDrift,
  examineDrift,
  findDrift,
  isDrift,
} from "./drift.ts";
export { FOREIGN_REMEDY, foreignRows } from "./foreign.ts";
export {
  type RuntimeKey,
  agentSecrets,
  excessRights,
  keyWarnings,
  readRuntimeKeys,
  runtimeKeyProblem,
} from "./runtime-keys.ts";
export { type FieldDrift, compareContent } from "./changes/compare.ts";
export { changeText, shortenedPair } from "./changes/change-text.ts";
export { valueText } from "./changes/value-text.ts";
export { type RegisteredUrls, type StackUrls, type UrlOf, expectedUrls, scopeOf } from "./expected-url.ts";
export { type Examination, type ExamineOptions, examineFleet, examineSurveyed } from "./examine.ts";
export {
  type CheckOutcome,
  type EvalRecord,
  type Evaluated,
  readRecord,
  recordFile,
  writeRecord,
} from "./evals/record.ts";
export { type EvalStanding, type EvalState, evaluatedApi, standingsOf } from "./evals/standing.ts";
export { type Leftovers, findLeftovers, leftoversProblem } from "./leftovers.ts";
export { type LogPlace, logPlaceOf } from "./log-places.ts";
export { OBSTACLES, type Problem, type Seen } from "./obstacles.ts";
export { hostingRefusals, hostingWarnings } from "./hosting-problems.ts";
export { type WalletFunds, fundsProblem, readFunds } from "./funds.ts";
export type { Orphan } from "./plan/orphans.ts";
export { type FleetPlan, planFleet, removalsOf, restrictPlan } from "./plan/plan.ts";
export { type PlannedAgent, removalOf } from "./plan/plan-agent.ts";
export { type FleetInput, listingOf, registeredUrls } from "./registrations.ts";
export { type RegistrationsInState, backendFolder, readStateFile } from "./state-file.ts";
export { rightsProblem } from "./refusals.ts";
export {
  countActions,
  describeCost,
  duplicateWarnings,
  dockerfileWarnings,
  unlockedWarnings,
  askedRemovals,
  planWarnings,
  removalsIfTargeted,
  replacementWarning,
  standingWarnings,
  summaryOf,
} from "./summary.ts";
export { describeSkipped } from "./plan/skipped.ts";
export { type Survey, readAll, survey } from "./survey.ts";
export { type WalletSight, walletProblem } from "./wallet-sight.ts";
export { paymentSourceOf } from "./wallets.ts";
