import * as pulumi from "@pulumi/pulumi";
import type { Network, WalletType } from "../service/model.ts";
import { PROVIDER_TEXTS } from "../../provider-texts.ts";
import { ownUrn } from "./urn.ts";

export interface AgentConfirmationArgs {
  /** The registration's id. A change waits for the other registration. */
  readonly registrationId: pulumi.Input<string>;
  /** The registration's revision. A change waits again. */
  readonly revision: pulumi.Input<string>;
  readonly network: pulumi.Input<Network>;
  readonly walletVkey: pulumi.Input<string>;
  readonly walletType: pulumi.Input<WalletType>;
  /**
   * Minutes after which the wait ends with MASUMI_STILL_PENDING; the next run resumes it. Default: 60, or more if the wallet's
   * queue needs it (see `waitMinutesFor`).
   */
  readonly waitMinutes?: pulumi.Input<number>;
  /** Number of registrations that this run requests from the same wallet, including this one. Default: 1. */
  readonly queueLength?: pulumi.Input<number>;
}

/**
 * Waits until the chain has confirmed a registration, or an update of it. Costs nothing and changes nothing. Errors:
 * REGISTRATION_FAILED, UPDATE_FAILED, REGISTRATION_GONE, REGISTRATION_LEAVING immediately, MASUMI_STILL_PENDING after a timeout.
 */
export class AgentConfirmation extends pulumi.CustomResource {
  static readonly type = "pulumi-nodejs:dynamic/masumi:AgentConfirmation";

  /** Policy id and asset name in hex. On V2 it changes with every update. */
  declare readonly agentIdentifier: pulumi.Output<string>;
  /** RegistrationConfirmed or UpdateConfirmed. */
  declare readonly state: pulumi.Output<string>;
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
