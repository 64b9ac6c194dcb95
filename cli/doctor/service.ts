import type { StackConfig, Wallet } from "../../infra/config.ts";
import type { Agent } from "../../infra/declarations/index.ts";
import {
  type Survey,
  type UrlOf,
  type WalletFunds,
  formatAda,
  fundsProblem,
  paymentSourceOf,
  planFleet,
  readFunds,
} from "../../infra/fleet/index.ts";
import {
  type ApiKeyStatus,
  type Dialect,
  type MasumiClient,
  MasumiError,
  type PaymentSource,
  isOver,
} from "../../providers/masumi/service/index.ts";
import { count, shorten } from "../text.ts";
import { type Verdict, fail, failure, ok, warn } from "./finding.ts";

const WALLET_TOLD_WITHIN_MS = 15_000;

export function judgeRelease({ hasV2, hasSearch, hasChanges, deregistersByPost }: Dialect): Verdict {
  if (hasV2) return ok("release 0.28 or newer");
  const update = "ask the administrator to update the payment service";
  if (hasSearch) return warn("release 0.27: no V2 wallets", update);
  if (hasChanges) return warn("release 0.26: no V2 wallets, and lists are read ten rows at a time", update);
  const release = deregistersByPost ? "0.22 to 0.25" : "0.21 or older";
  return warn(`release ${release}: no V2 wallets, and lists are read ten rows at a time`, update);
}

const SCOPED = "a ReadAndPay key limited to the selling wallets";

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

interface WalletQuestion {
  readonly client: MasumiClient;
  readonly config: StackConfig;
  readonly survey: Survey;
}

/** Whether the service knows the stack's wallets, and as wallets of their types. */
export const checkWallets = (question: WalletQuestion): Promise<Verdict[]> =>
  Promise.all(question.config.wallets.map((wallet) => checkWallet(wallet, question)));

async function checkWallet(wallet: Wallet, question: WalletQuestion): Promise<Verdict> {
  const rows = question.survey.rows.filter(({ walletVkey }) => walletVkey === wallet.vkey);
  const [row] = rows;
  if (row && row.type !== wallet.type) {
    return fail(
      `${nameOf(wallet)} has ${row.type} registrations`,
      `write type: ${row.type} in masumi:wallets`,
    );
  }
  if (row) {
    const number = rows.filter(({ state }) => !isOver(state)).length;
    return ok(`${nameOf(wallet)} is known, with ${count(number, "registration")}`);
  }
  return askForWallet(wallet, question);
}

async function askForWallet(wallet: Wallet, { client, config, survey }: WalletQuestion): Promise<Verdict> {
  const contract = contractOf(wallet, config, survey.sources);
  try {
    const signal = AbortSignal.timeout(WALLET_TOLD_WITHIN_MS);
    await client.tokensAt({ network: config.network, vkey: wallet.vkey, contract }, { signal });
    return ok(`${nameOf(wallet)} is known, without registrations`);
  } catch (error) {
    if (error instanceof MasumiError && error.serviceMessage === "Wallet not found") {
      const where = contract
        ? `the ${wallet.type} payment source ${shorten(contract, 16, 6)}`
        : config.network;
      return fail(
        `the payment service has no wallet ${wallet.vkey} for ${where}`,
        "check the wallet's verification key (vkey) and type in masumi:wallets with the service's administrator",
      );
    }
    const isUntold = error instanceof MasumiError || (error as { name?: unknown }).name === "TimeoutError";
    if (!isUntold) throw error;
    return warn(
      `whether the payment service knows ${nameOf(wallet)} could not be determined`,
      "compare masumi:wallets with the service's administrator",
    );
  }
}

/** The contract that tells V1 and V2 wallets apart, where there is only one of the type. */
function contractOf(
  wallet: Wallet,
  { network }: StackConfig,
  sources: readonly PaymentSource[],
): string | undefined {
  if (wallet.paymentSource) return wallet.paymentSource;
  const found = sources.filter(
    (source) => source.network === network && source.paymentSourceType === `Web3Cardano${wallet.type}`,
  );
  return found.length === 1 ? found[0]?.smartContractAddress : undefined;
}

/** Whether each wallet can pay for the next up; without right declarations, whether it has anything. */
export async function checkBalances(
  question: WalletQuestion,
  agents: readonly Agent[] | undefined,
  urlOf: UrlOf,
): Promise<Verdict[]> {
  const { client, config, survey } = question;
  const plan = planFleet({ config, survey, urlOf, agents: agents ?? [] });
  const funds = await readFunds(client, { config, survey, plan }, { isAsked: () => true });
  return funds.map((wallet) => judgeFunds(config, wallet, agents !== undefined));
}

function judgeFunds(config: StackConfig, funds: WalletFunds, isPlanned: boolean): Verdict {
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
