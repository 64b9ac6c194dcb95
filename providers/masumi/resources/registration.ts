import * as pulumi from "@pulumi/pulumi";
import type { Listing, Network, Wallet } from "../service/model.ts";
import type { RecoverFrom } from "../service/rules/decisions.ts";
import { PROVIDER_TEXTS } from "../../provider-texts.ts";
import { ownUrn } from "./urn.ts";

export interface ListingArgs extends Omit<Listing, "apiBaseUrl"> {
  /** Public URL of the agent's API. In a preview it may be unknown; then no change is planned for it. */
  readonly apiBaseUrl: pulumi.Input<string>;
}

export interface AgentRegistrationArgs {
  /** The agent's id in this project: what masumi:allowDeregister and messages call it. */
  readonly agentId: pulumi.Input<string>;
  /** `marker(owner, agentId)`: the tag by which the registration is known as ours. Sent along, not shown in `tags`. */
  readonly marker: pulumi.Input<string>;
  /** A change replaces. */
  readonly network: pulumi.Input<Network>;
  /** The selling wallet; its type decides between V1 and V2. A change of `vkey` replaces. */
  readonly wallet: pulumi.Input<Wallet>;
  /** What goes on the chain. A change updates on V2 (new identifier, one fee), and replaces on V1 (two fees). */
  readonly listing: pulumi.Input<ListingArgs>;
  /** V2: contract address of the wallet's own payment source. A change updates. */
  readonly sourceAddress?: pulumi.Input<string>;
  /** Row id of a registration that is there already and becomes this one. */
  readonly adopt?: string;
  /** The agent's registrations that have ended or failed to update; if the state has one of them, the next up tries anew. */
  readonly recover?: readonly RecoverFrom[];
  /** How the agent is asked before ADA is spent; default time-out 60 seconds. */
  readonly probe: { readonly allowPrivate: boolean; readonly timeoutSeconds?: number };
  /** Seconds to look for what a lost answer may have done; default masumi:settleSeconds (30). */
  readonly settleSeconds?: number;
  /** V1: whether a replacement registers the new content first (default) or burns the old one first. */
  readonly v1Replacement?: "create-first" | "delete-first";
}

/**
 * One agent's registration on the Masumi network. Its id is the row's id at the payment service.
 *
 * Creating it costs a fee and locks 5 ADA, once the agent answers at its URL; it ends as soon as the service
 * has taken the request (see AgentConfirmation for the chain). Removing it burns the token and waits for that.
 * Errors: docs/errors.md; every one says what to do.
 */
export class AgentRegistration extends pulumi.CustomResource {
  static readonly type = "pulumi-nodejs:dynamic/masumi:AgentRegistration";

  /** "1", and one more with every update sent to the chain: what a confirmation waits for anew. */
  declare readonly revision: pulumi.Output<string>;
  /** The service's state when the state was last written; AgentConfirmation has the settled one. */
  declare readonly state: pulumi.Output<string>;
  /** The service's own words about a failure, "" if there is none. */
  declare readonly error: pulumi.Output<string>;
  declare readonly apiBaseUrl: pulumi.Output<string>;
  /** "" until it is known; AgentConfirmation has the current one. */
  declare readonly agentIdentifier: pulumi.Output<string>;

  constructor(name: string, args: AgentRegistrationArgs, options: pulumi.CustomResourceOptions = {}) {
    const { type } = AgentRegistration;
    const unset = {
      revision: undefined,
      state: undefined,
      error: undefined,
      apiBaseUrl: undefined,
      agentIdentifier: undefined,
    };
    const resourceUrn = ownUrn(name, type, options.parent);
    super(
      type,
      name,
      { ...args, resourceUrn, ...unset, __provider: PROVIDER_TEXTS.AgentRegistration },
      options,
    );
  }
}
