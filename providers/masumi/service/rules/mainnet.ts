import type { Network } from "../model.ts";

/** What a stack says of spending on Mainnet. */
export interface MainnetSettings {
  readonly network: Network;
  readonly confirmMainnet: boolean;
  /** masumi:maxAda, as text or in lovelace. */
  readonly maxAda?: string | bigint | undefined;
  readonly allowPrivateUrls: boolean;
}

/** Returns what a stack lacks before it may spend real ADA. Pure. */
export function mainnetProblems({
  network,
  confirmMainnet,
  maxAda,
  allowPrivateUrls,
}: MainnetSettings): string[] {
  if (network !== "Mainnet") return [];
  return [
    ...(confirmMainnet
      ? []
      : ["masumi:confirmMainnet must be true, because registrations on Mainnet cost real ADA"]),
    ...(maxAda === undefined
      ? [
          "masumi:maxAda is missing: on Mainnet a run needs a limit of the ADA that it may take from the wallets (fees, and 5 ADA " +
            "for each new token). Set it with npx masumi-agents config set masumi:maxAda 20",
        ]
      : []),
    ...(allowPrivateUrls
      ? ["masumi:allowPrivateUrls is only for simulated networks: on Mainnet an agent's URL must be public"]
      : []),
  ];
}
