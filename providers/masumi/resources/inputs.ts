import type { Listing, Network, Wallet } from "../service/model.ts";

/** Stands for a value that is not known yet: what `check` and `diff` get in previews, anywhere in the inputs. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isUnknown = (value: unknown): boolean => value === UNKNOWN;

/**
 * Version of the outputs' shape; a later version reads every earlier one. Version 1 kept the whole listing once more in
 * the outputs of a registration; since version 2 there is a digest of it.
 */
export const STATE_VERSION = 2;

/** A registration of an agent that has ended, or whose update failed: the state may still take it for a good one. */
export interface RecoverFrom {
  readonly rowId: string;
  /** The row's state as the service shows it now. */
  readonly state: string;
}

/** What the provider's methods get for an AgentRegistration; in previews any value may be {@link UNKNOWN}. */
export interface RegistrationInputs {
  readonly agentId: string;
  readonly marker: string;
  readonly network: Network;
  readonly wallet: Wallet;
  readonly listing: Listing;
  readonly sourceAddress?: string;
  readonly adopt?: string;
  readonly recover?: readonly RecoverFrom[];
  readonly probe: { readonly allowPrivate: boolean; readonly timeoutSeconds?: number };
  readonly settleSeconds?: number;
  readonly v1Replacement?: "create-first" | "delete-first";
  /** Where progress and warnings are shown. */
  readonly resourceUrn?: string;
}

/** What the state keeps of an AgentRegistration; `delete` and `read` see nothing else. */
export interface RegistrationOutputs {
  readonly stateVersion: number;
  readonly agentId: string;
  /** "" if the row does not bear it. */
  readonly marker: string;
  readonly network: Network;
  readonly wallet: Wallet;
  /** Digest of what is on the chain, see `digestOf`. */
  readonly content?: string;
  /** Instead of `content`, in states of version 1. */
  readonly listing?: Listing;
  readonly sourceAddress?: string;
  readonly resourceUrn?: string;
  /** "1", and one more with every update that went to the chain. */
  readonly revision: string;
  readonly state: string;
  readonly error: string;
  readonly apiBaseUrl: string;
  readonly agentIdentifier: string;
}

/** What the provider's methods get for an AgentConfirmation. */
export interface ConfirmationInputs {
  readonly registrationId: string;
  readonly revision: string;
  readonly network: Network;
  readonly walletVkey: string;
  readonly walletType: Wallet["type"];
  readonly waitMinutes?: number;
  readonly queueLength?: number;
  readonly resourceUrn?: string;
}

export interface ConfirmationOutputs extends ConfirmationInputs {
  readonly stateVersion: number;
  readonly agentIdentifier: string;
  readonly state: string;
  readonly txHash: string;
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
}
