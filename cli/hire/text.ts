import {
  type Field,
  type HireEvent,
  type HireReport,
  type LockedUntil,
  type Stage,
  describeField,
  goOnWith,
  inputSchema,
} from "../../buyer/index.ts";
import { printable } from "../../providers/common/printable.ts";

const STAGES: Record<Stage, string> = {
  locking: "Locking the funds ...",
  locked: "The agent is starting ...",
  running: "The agent is working ...",
  delivered: "The agent has the result; its hash is on its way to the chain ...",
  refunding: "Requesting the refund ...",
};

/** Return what happens in a hire as lines for people. */
export function eventText(event: HireEvent): string[] {
  switch (event.kind) {
    case "disclosure":
      return [`The agent discloses: ${event.text}`];
    case "free":
      return [event.name === undefined ? "The agent works for free." : `${event.name} works for free.`];
    case "price-undisclosed":
      return ["The agent does not state its price in advance; it will be known once the job is started."];
    case "price":
      return [`${event.name} asks ${event.price}.`, lockedText(event.locked)];
    case "stage":
      return [STAGES[event.stage]];
    case "chain":
      return [stateText(event)];
    case "job-failed":
      // Only who runs the agent can do anything about it (operator.ts).
      return [];
    case "refund-request":
      return [`Requesting a refund: ${event.why}.`];
    case "question-unreadable":
      return [
        "The agent asks for something in a form that MIP-003 does not define: this command cannot answer.",
      ];
    case "answer-sent":
      return [
        "The answer is sent.",
        ...(event.isUnderstood
          ? []
          : ["The agent's hash of the answer is not this command's: it may have understood something else."]),
      ];
    case "answer-refused":
      return [`The agent did not accept the answer. ${event.what}`];
    case "answer-unused":
      break;
  }
  return ["The agent asked nothing: --answer was not used."];
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

const lockedText = ({ withoutResult, withResult, inDispute }: LockedUntil): string =>
  `The result is due by ${iso(withoutResult)}; without one, you can get your money back after that. With a result, the ` +
  `seller is paid after ${iso(withResult)}; a dispute can hold the money until ${iso(inDispute)}.`;

function stateText({ state, txHash, resultHash, submitResultTime }: HireEvent & { kind: "chain" }): string {
  const tx = txHash ? `: transaction ${txHash}` : "";
  if (state === "FundsLocked") {
    return `Funds locked${tx}. The result is due by ${iso(submitResultTime)}.`;
  }
  if (state === "ResultSubmitted") return `Result submitted${tx}, hash ${resultHash ?? ""}.`;
  return `On the chain: ${state}${tx}.`;
}

/** Return how a refund stands, and what comes next. */
export function refundText({ id, purchase }: HireReport): string {
  const state = purchase?.onChainState;
  const later = `Follow it with: ${goOnWith({ id })}`;
  switch (state) {
    case "RefundWithdrawn":
    case "DisputedWithdrawn":
      return `The money is no longer in the contract (${state}).`;
    case "Disputed":
      return `The seller delivered a result after all, so the refund is disputed: the seller or the network's admins decide. ${later}`;
    case "RefundAuthorized":
      return `The seller agreed to the refund; the payment service collects it. ${later}`;
    default:
      return `The refund is requested. Without a result it is paid out automatically after ${purchase?.submitResultTime}, sooner if the seller agrees. ${later}`;
  }
}

const LONGEST_DESCRIPTION = 20_000;

/** Return what a field's description says, a line each; it may be a whole draft. */
export function descriptionOf({ data }: Field): string[] {
  const description = data?.["description"];
  if (typeof description !== "string" || description.trim() === "") return [];
  return description
    .slice(0, LONGEST_DESCRIPTION)
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line.replace(/\r$/, ""))}`);
}

/** Return an open question for people, and how it is answered later. */
export function questionText({ id, question }: Pick<HireReport, "id" | "question">): string {
  const fields = inputSchema.parse(question);
  const asked = fields.flatMap((field) => [...descriptionOf(field), `  - ${describeField(field)}`]);
  const options = fields
    .filter(({ type }) => type !== "none" && type !== "hidden")
    .map((field) => ` --answer ${printable(field.id)}=…`);
  return [
    "The agent asks, and waits for an answer:",
    ...asked,
    `Answer with: ${goOnWith({ id })}${options.join("")}`,
  ].join("\n");
}
