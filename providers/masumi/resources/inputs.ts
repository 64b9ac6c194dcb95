import type { Network, Wallet } from "../service/model.ts";
import type { Registered, Wanted } from "../service/rules/decisions.ts";

/** Version of the outputs' format; a later version reads every earlier one. */
export const STATE_VERSION = 1;

/** What the provider's methods receive for an AgentRegistration; in previews any value may be unknown. */
export interface RegistrationInputs extends Wanted {
  readonly agentId: string;
  readonly marker: string;
  readonly probe: { readonly allowPrivate: boolean; readonly timeoutSeconds?: number };
  readonly settleSeconds?: number;
  /** If there are several: ids of the agent's registrations on the chain. */
  readonly registrations?: readonly string[];
  /** Where progress and warnings are shown. */
  readonly resourceUrn?: string;
}

/** What the state keeps of an AgentRegistration, which is all that `delete` and `read` see. */
export interface RegistrationOutputs extends Registered {
  readonly stateVersion: number;
  readonly agentId: string;
  readonly resourceUrn?: string;
  /** Starts at "1" and increases with every update that was sent to the chain. */
  readonly revision: string;
  readonly error: string;
  readonly apiBaseUrl: string;
  readonly agentIdentifier: string;
}

/** What the provider's methods receive for an AgentConfirmation. */
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

/** The same under the names by which Pulumi does not show them. A state of an earlier version has the others. */
export interface SentConfirmationInputs extends Omit<ConfirmationInputs, "revision"> {
  readonly revision?: string;
  readonly __revision?: string;
  readonly __queueLength?: number;
}

export interface ConfirmationOutputs extends ConfirmationInputs {
  readonly stateVersion: number;
  readonly agentIdentifier: string;
  readonly state: string;
  readonly txHash: string;
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
}
