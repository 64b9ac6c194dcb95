import { MasumiError, type PaymentSource, type Row } from "../../providers/masumi/service/index.ts";
import type { StackConfig, Wallet } from "../config.ts";
import type { Agent } from "../declarations/index.ts";

/** Returns the wallets of the pool that may register an agent. */
export const usableWallets = ({ wallets }: Pick<StackConfig, "wallets">, agent: Agent): Wallet[] =>
  wallets.filter(
    (wallet) =>
      (!agent.wallet || wallet.vkey === agent.wallet) &&
      (!agent.paymentType || wallet.type === agent.paymentType),
  );

/**
 * Distributes agents evenly over the pool of wallets that register them. An agent that is already registered keeps its
 * wallet as long as it is in the pool, because moving costs two fees.
 */
export class WalletPool {
  readonly #config: StackConfig;
  readonly #load: Map<Wallet, number>;

  constructor(config: StackConfig) {
    this.#config = config;
    this.#load = new Map(config.wallets.map((wallet) => [wallet, 0]));
  }

  /** @throws MasumiError NO_WALLET_FITS */
  choose(agent: Agent, live: Row | undefined): Wallet {
    const wallet = this.#find(agent, live);
    this.#load.set(wallet, this.#loadOf(wallet) + 1);
    return wallet;
  }

  #loadOf(wallet: Wallet): number {
    return this.#load.get(wallet) ?? 0;
  }

  #find(agent: Agent, live: Row | undefined): Wallet {
    const usable = usableWallets(this.#config, agent);
    const kept = usable.find(({ vkey }) => vkey === live?.walletVkey);
    if (kept) return kept;
    const type = agent.paymentType ?? (usable.some((wallet) => wallet.type === "V2") ? "V2" : "V1");
    const [first, ...others] = usable.filter((wallet) => wallet.type === type);
    if (!first) {
      throw new MasumiError({
        code: "NO_WALLET_FITS",
        what: `${agent.file}: masumi:wallets has no suitable wallet (the agent needs ${agent.wallet ?? `a ${type} wallet`}).`,
        remedy:
          "Add the selling wallet to masumi:wallets, or change payment: or wallet: in the agent's file.",
      });
    }
    return others.reduce(
      (best, wallet) => (this.#loadOf(wallet) < this.#loadOf(best) ? wallet : best),
      first,
    );
  }
}

/**
 * Returns, for a V2 wallet, the contract address of its payment source. It must be the one that the wallet belongs to: a
 * registration with another one succeeds and costs money, but the agent can never be paid.
 *
 * @throws MasumiError PAYMENT_SOURCE_UNKNOWN
 */
export function paymentSourceOf(
  { network }: StackConfig,
  wallet: Wallet,
  sources: readonly PaymentSource[],
): { readonly sourceAddress?: string } {
  if (wallet.type === "V1") return {};
  if (wallet.paymentSource) return { sourceAddress: wallet.paymentSource };
  const found = sources.filter(
    (source) => source.network === network && source.paymentSourceType === "Web3CardanoV2",
  );
  const [only] = found;
  if (only && found.length === 1) return { sourceAddress: only.smartContractAddress };
  throw new MasumiError({
    code: "PAYMENT_SOURCE_UNKNOWN",
    what: `The service has ${found.length} V2 payment sources on ${network}, so it is unclear which one wallet ${wallet.vkey} belongs to.`,
    remedy:
      found.length === 0
        ? "Ask the administrator to add a V2 payment source, or use a V1 wallet."
        : "Give the wallet its contract address: masumi:wallets [{ …, paymentSource: addr… }].",
  });
}

/** Returns the contract that tells V1 and V2 wallets apart, where there is only one of the type. */
export function contractOf(
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
