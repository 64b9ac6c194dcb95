import type { StackConfig, Wallet } from "../../infra/config.ts";
import {
  type Examination,
  type Problem,
  type RuntimeKey,
  type WalletFunds,
  type WalletSight,
  excessRights,
  formatAda,
  fundsProblem,
  paymentSourceOf,
  runtimeKeyProblem,
  summaryOf,
  walletProblem,
} from "../../infra/fleet/index.ts";
import {
  type ApiKeyStatus,
  type Dialect,
  MasumiError,
  type PaymentSource,
  isOver,
} from "../../providers/masumi/service/index.ts";
import { count, shorten } from "../text.ts";
import { type Verdict, fail, failure, ok, warn } from "./finding.ts";

export function judgeRelease({ hasV2, hasSearch, hasChanges, deregistersByPost }: Dialect): Verdict {
  if (hasV2) return ok("release 0.28 or newer");
  const update = "ask the administrator to update the payment service";
  if (hasSearch) return warn("release 0.27: no V2 wallets", update);
  if (hasChanges) return warn("release 0.26: no V2 wallets, and lists are read ten rows at a time", update);
  const release = deregistersByPost ? "0.22 to 0.25" : "0.21 or older";
  return warn(`release ${release}: no V2 wallets, and lists are read ten rows at a time`, update);
}

const SCOPED = "a ReadAndPay key limited to the selling wallets (docs/operations.md, Keys)";

/** What the key may do beyond what it must, or short of it. That it is of the network has been seen. */
export function judgeKey({ permission, canPay, canAdmin, NetworkLimit }: ApiKeyStatus): Verdict {
  if (canAdmin) {
    return warn(
      `the API key has the right ${permission}: it can do everything on every network`,
      `use ${SCOPED}`,
    );
  }
  if (!canPay) {
    return warn(
      `the API key has the right ${permission}: enough to look (plan, drift, import), not for up`,
      `for up, use ${SCOPED}`,
    );
  }
  return ok(`${permission} on ${NetworkLimit.join(", ")}`);
}

/** What each runtime key may do beyond its purpose, or short of it. */
export const judgeRuntimeKeys = (config: StackConfig, keys: readonly RuntimeKey[]): Verdict[] =>
  keys.flatMap((key) => {
    const problem = runtimeKeyProblem(key, config);
    if (problem) return [failure(problem)];
    const excess = excessRights(key, config).map(({ what, remedy }) => warn(what, remedy));
    return excess.length > 0
      ? excess
      : [ok(`masumi:${key.name} can take payments and cannot make purchases`)];
  });

const nameOf = ({ type, vkey }: Wallet) => `${type} wallet ${shorten(vkey, 8, 4)}`;

/** Whether the service has the one V2 payment source that each V2 wallet belongs to. */
export function judgeSources(config: StackConfig, sources: readonly PaymentSource[]): Verdict[] {
  const wallets = config.wallets.filter(({ type }) => type === "V2");
  if (wallets.length === 0) return [ok("not needed: the stack has no V2 wallet")];
  return wallets.map((wallet) => {
    try {
      const { sourceAddress = "" } = paymentSourceOf(config, wallet, sources);
      return ok(`${nameOf(wallet)}: ${shorten(sourceAddress, 16, 6)}`);
    } catch (error) {
      return failure(error);
    }
  });
}

/** Whether the service knows a wallet of the stack, and as a wallet of its type. */
export function judgeWallet(config: StackConfig, sight: WalletSight): Verdict {
  const { wallet, status, rows } = sight;
  const problem = walletProblem(config, sight);
  if (problem) return failure(problem);
  if (status === "untold") {
    return warn(
      `whether the payment service knows ${nameOf(wallet)} could not be determined`,
      "compare masumi:wallets with the service's administrator",
    );
  }
  const live = rows.filter(({ state }) => !isOver(state)).length;
  return ok(
    `${nameOf(wallet)} is known, ${live > 0 ? `with ${count(live, "registration")}` : "without registrations"}`,
  );
}

/** What other checks report in more detail. */
const SAID_ELSEWHERE = new Set(["WALLET_UNFUNDED", "WALLET_UNKNOWN", "WALLET_OF_OTHER_TYPE"]);

/** What up would do, and what prevents it. */
export function judgePlan({ plan, problems }: Examination): Verdict[] {
  const failures = problems.filter(({ code }) => !SAID_ELSEWHERE.has(code)).map(failureOf);
  return failures.length > 0 ? failures : [ok(summaryOf(plan))];
}

const failureOf = (problem: Problem): Verdict =>
  problem instanceof MasumiError ? failure(problem) : fail(problem.message, "");

/** Whether a wallet can pay for the next up; without right declarations, whether it has anything. */
export function judgeFunds(config: StackConfig, funds: WalletFunds, isPlanned: boolean): Verdict {
  const { wallet, address, free, needed } = funds;
  if (free === undefined) {
    return warn(`the balance of ${nameOf(wallet)} is unknown`, "give its address in masumi:wallets");
  }
  const problem = fundsProblem(config, funds);
  if (problem) return failure(problem);
  if (free === 0n)
    return warn(`${nameOf(wallet)} is empty`, `send ADA to ${address} before it has to register`);
  const next = isPlanned
    ? `the next up takes ${needed === 0n ? "nothing" : `up to ${formatAda(needed)}`}`
    : "";
  return ok(`${nameOf(wallet)} has ${formatAda(free)} ADA free${next && `; ${next}`}`);
}
