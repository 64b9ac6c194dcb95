/**
 * Hiring an agent: read the wish, look at the offer, start the job, pay, follow, report; each step takes what the one
 * before it gave. Nothing here writes to a terminal or asks anybody: what happens is handed to `onEvent`, questions of
 * the agent go to a `Respondent`. `signal` ends every wait; a job that was begun goes on and can be resumed.
 *
 *   const report = await hireAgent(wish, { folder, openAccount, readMarket, onEvent, signal });
 *   const again = await resumeHire(report.id, { folder, openAccount, readMarket, onEvent, signal, wantsRefund: false });
 */
export { type Field, inputSchema } from "./agent-wire.ts";
export { agentUrlProblem } from "./agent-api.ts";
export type { Question, Respondent } from "./answering.ts";
export type { HireEvent, LockedUntil } from "./events.ts";
export { HireError, type HireErrorCode, goOnWith } from "./hire-error.ts";
export { type Hire, hireIds, isOrder, loadHire } from "./hire-file.ts";
export { type HireReport, hiredAgent } from "./hire-report.ts";
export {
  type Account,
  type AccountName,
  type HireOptions,
  type Wish,
  hireAgent,
  notStarted,
  resumeHire,
} from "./hire.ts";
export {
  type Entered,
  type InputData,
  defaultOf,
  describeField,
  enteredValues,
  exampleOf,
  fitInput,
  isEnterable,
  isList,
  isOptional,
} from "./inputs.ts";
export type { Stage } from "./next-step.ts";
export type { AgentReference } from "./offer.ts";
export type { Funds, Market } from "./price.ts";
