import * as pulumi from "@pulumi/pulumi";
import type { Network, WalletType } from "../service/model.ts";
import { PROVIDER_TEXTS } from "../../provider-texts.ts";
import { ownUrn } from "./urn.ts";

/** Which registration is waited for. Only a change of the first two waits again; of the others nothing follows until then. */
export interface AgentConfirmationArgs {
  /** The registration's id in the payment service. A change replaces: the other registration is waited for. @example registration.id */
  readonly registrationId: pulumi.Input<string>;
  /** Which version of the registration, "1" and up. A change updates: the wait begins anew. @example registration.revision */
  readonly revision: pulumi.Input<string>;
  /** The registration's network. @example "Preprod" */
  readonly network: pulumi.Input<Network>;
  /** The selling wallet's verification key: 56 lower-case hex digits. Its queue says how long a wait may take. */
  readonly walletVkey: pulumi.Input<string>;
  /** @example "V2" */
  readonly walletType: pulumi.Input<WalletType>;
  /**
   * Minutes after which the wait ends with MASUMI_STILL_PENDING; the next run resumes it.
   * @default 60, or more if the wallet's queue needs it
   */
  readonly waitMinutes?: pulumi.Input<number>;
  /** Number of registrations that are requested from the same wallet, including this one; the wait counts those that are listed. @default 1 */
  readonly queueLength?: pulumi.Input<number>;
}

/**
 * Waits until the chain has confirmed a registration, or an update of it. Costs nothing, changes nothing, and removing it only forgets
 * it.
 *
 * Errors (docs/errors.md): at once REGISTRATION_FAILED, UPDATE_FAILED, REGISTRATION_GONE and REGISTRATION_LEAVING; REGISTRY_INCONSISTENT
 * if the service no longer lists the registration; MASUMI_STILL_PENDING when the time is up. After each, another up goes on where this
 * one ended.
 *
 * @example
 *   const { agentIdentifier } = new AgentConfirmation("translator", {
 *     registrationId: registration.id,
 *     revision: registration.revision,
 *     network: "Preprod",
 *     walletVkey: "fa12fbf5…",
 *     walletType: "V2",
 *   });
 */
export class AgentConfirmation extends pulumi.CustomResource {
  static readonly type = "pulumi-nodejs:dynamic/masumi:AgentConfirmation";

  /** Policy id and asset name in hex. On V2 it changes with every update. */
  declare readonly agentIdentifier: pulumi.Output<string>;
  /** RegistrationConfirmed or UpdateConfirmed. */
  declare readonly state: pulumi.Output<string>;
  /** Hash of the transaction that the state is of; "" if the service did not say. */
  declare readonly txHash: pulumi.Output<string>;
  /** Fee of the last transaction in lovelace; the registrations of one V2 batch share it. "" if the service did not say. */
  declare readonly feeLovelace: pulumi.Output<string>;
  /** ADA locked with the token, in lovelace. */
  declare readonly lockedLovelace: pulumi.Output<string>;

  constructor(name: string, args: AgentConfirmationArgs, options: pulumi.CustomResourceOptions = {}) {
    const { type } = AgentConfirmation;
    const unset = {
      agentIdentifier: undefined,
      state: undefined,
      txHash: undefined,
      feeLovelace: undefined,
      lockedLovelace: undefined,
    };
    const resourceUrn = ownUrn(name, type, options.parent);
    const { revision, queueLength, ...shown } = args;
    // Two underscores: Pulumi does not show such inputs, and these two tell a reader of a preview nothing.
    const hidden = { __revision: revision, __queueLength: queueLength };
    super(
      type,
      name,
      { ...shown, ...hidden, resourceUrn, ...unset, __provider: PROVIDER_TEXTS.AgentConfirmation },
      options,
    );
  }
}
