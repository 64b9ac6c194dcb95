import { HireError, type HireReport, goOnWith } from "../../buyer/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { printProgress } from "../text.ts";
import { questionText, refundText } from "./text.ts";

/** What `hire` ends with. */
export const EXIT = { result: 0, failed: 1, refund: 2, running: 3 } as const;

const EXIT_CODES: Readonly<Record<HireReport["outcome"], number>> = {
  result: EXIT.result,
  differs: EXIT.failed,
  refund: EXIT.refund,
  question: EXIT.running,
};
export const exitCodeOf = ({ outcome }: HireReport): number => EXIT_CODES[outcome];

/** How a result was hashed; the two rules differ only for line ends, quotes, backslashes and control characters. */
const HASHED: Readonly<Record<NonNullable<HireReport["hashRule"]>, string>> = {
  marketplace: "computed from the result as JSON text, as Masumi's marketplace does",
  "mip-004": "computed from the result as it is, as MIP-004 specifies",
};

/** Write the result on stdout, and what is to be known of it on stderr. */
export function showHire(report: HireReport): void {
  const { outcome, result, hashRule, agent, purchase } = report;
  if (result !== null) {
    // Anybody's text: it may command a program that reads it as it is, but not a terminal.
    const shown = process.stdout.isTTY ? result.split("\n").map(printable).join("\n") : result;
    process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
  }
  if (outcome === "refund") printProgress(refundText(report));
  if (outcome === "question") printProgress(questionText(report));
  if (outcome === "result" && hashRule) {
    printProgress(
      `This is the result that the agent submitted: its hash is the one on the chain (${HASHED[hashRule]}). The seller is paid after ${purchase?.unlockTime}.`,
    );
  }
  if (outcome === "differs") {
    const { message } = new HireError(
      "HIRE_RESULT_DIFFERS",
      `The hash of the result of ${agent.url} is not the one on the chain, however it is computed.`,
      `To get your money back, dispute it before ${purchase?.unlockTime}: ${goOnWith(report)} --refund`,
    );
    printProgress(message);
  }
}
