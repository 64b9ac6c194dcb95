import type { Network, Wallet } from "../service/model.ts";
import type { Registered, Wanted } from "../service/rules/decisions.ts";

/** Version of the outputs' format; a later version reads every earlier one. */
export const STATE_VERSION = 1;

/** What tells a delete that it cannot know whether there is a program. */
export interface OfProgram {
  /**
   * True if the SDK of the program's language does not tell the engine of the stack's own resource, as that of Node does: then a run whose
   * program has lost its last agent looks like a destroy. Two underscores: Pulumi does not show it.
   */
  readonly __programUntold?: true;
  /** Where progress and warnings are shown; it names the stack. */
  readonly resourceUrn?: string | undefined;
}

/** Returns the mark alone. */
export const programOf = ({ __programUntold }: OfProgram): Pick<OfProgram, "__programUntold"> =>
  __programUntold === undefined ? {} : { __programUntold };

/** What the provider's methods receive for an AgentRegistration; in previews any value may be unknown. */
export interface RegistrationInputs extends Wanted, OfProgram {
  readonly agentId: string;
  readonly marker: string;
  readonly probe: { readonly allowPrivate: boolean; readonly timeoutSeconds?: number };
  readonly settleSeconds?: number;
  /** If there are several: ids of the agent's registrations on the chain. */
  readonly registrations?: readonly string[];
}

/** What the state keeps of an AgentRegistration, which is all that `delete` and `read` see. */
export interface RegistrationOutputs extends Registered, OfProgram {
  readonly stateVersion: number;
  readonly agentId: string;
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
