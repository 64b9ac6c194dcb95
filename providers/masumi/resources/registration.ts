import * as pulumi from "@pulumi/pulumi";
import type { Listing, Network, Wallet } from "../service/model.ts";
import type { RecoverFrom } from "../service/rules/decisions.ts";
import { PROVIDER_TEXTS } from "../../provider-texts.ts";
import { ownUrn } from "./urn.ts";

export interface ListingArgs extends Omit<Listing, "apiBaseUrl"> {
  /** Public URL of the agent's API. It may be unknown in a preview, and then counts as unchanged. */
  readonly apiBaseUrl: pulumi.Input<string>;
}

export interface AgentRegistrationArgs {
  /** The agent's id in this project, used in masumi:allowDeregister and messages. @example "translator" */
  readonly agentId: pulumi.Input<string>;
  /** `marker(owner, agentId)`: the tag that marks the registration as ours. Sent to the service, but not part of `tags`. */
  readonly marker: pulumi.Input<string>;
  /** A change replaces. */
  readonly network: pulumi.Input<Network>;
  /** The selling wallet, whose type determines V1 or V2. A change of `vkey` replaces. */
  readonly wallet: pulumi.Input<Wallet>;
  /**
   * What goes on the chain. A change updates on V2 (new identifier, one fee), and replaces on V1 (two fees). A change of its type
   * replaces, as does any of a listing whose type is not `standard`: the registry then ranks it by its age anew.
   */
  readonly listing: pulumi.Input<ListingArgs>;
  /** V2: contract address of the wallet's payment source. A change updates. */
  readonly sourceAddress?: pulumi.Input<string>;
  /** Id of an existing registration to take over. @default none */
  readonly adopt?: string;
  /**
   * The agent's registrations that have ended or failed to update; if the state has one of them, the next up tries again.
   * @default each preview and up asks the payment service
   */
  readonly recover?: readonly RecoverFrom[];
  /** If there are several: ids of the agent's registrations on the chain. The one in the state is kept, the others are named. */
  readonly registrations?: readonly string[];
  /** How to check that the agent answers before ADA is spent. `timeoutSeconds` is 60 by default; no private URL on Mainnet. */
  readonly probe: { readonly allowPrivate: boolean; readonly timeoutSeconds?: number };
  /** Seconds to look for the effect of a request whose answer was lost. @default masumi:settleSeconds (30) */
  readonly settleSeconds?: number;
  /** V1: whether a replacement registers the new content first or burns the old one first. @default "create-first" */
  readonly v1Replacement?: "create-first" | "delete-first";
}

/**
 * An agent's registration on the Masumi network. Its id is the registration's id in the payment service.
 *
 * Creating it costs a fee and locks 5 ADA, but only once the agent answers at its URL. It is created as soon as the service has
 * accepted the request (AgentConfirmation waits for the chain). Removing it burns the token and waits for that. All errors are
 * in docs/errors.md and say what to do. On Mainnet masumi:confirmMainnet and masumi:maxAda must be set.
 *
 * @example
 *   const registration = new AgentRegistration("translator", {
 *     agentId: "translator",
 *     marker: marker("example/agents", "translator"),
 *     network: "Preprod",
 *     wallet: { vkey: "fa12fbf5…", type: "V2" },
 *     sourceAddress: "addr_test1…",
 *     listing: {
 *       name: "Translator",
 *       description: "Translates texts between English and German.",
 *       apiBaseUrl: "https://agents.example.com/translator",
 *       capability: { name: "translation", version: "1.0.0" },
 *       tags: ["translation"],
 *       author: { name: "Example GmbH" },
 *       legal: {},
 *       pricing: { type: "free" },
 *       exampleOutputs: [],
 *     },
 *     probe: { allowPrivate: false },
 *   });
 */
export class AgentRegistration extends pulumi.CustomResource {
  static readonly type = "pulumi-nodejs:dynamic/masumi:AgentRegistration";

  /** Starts at "1" and increases with every update sent to the chain, so the confirmation waits again. */
  declare readonly revision: pulumi.Output<string>;
  /** The registration's state when the stack's state was last written; AgentConfirmation has the final one. */
  declare readonly state: pulumi.Output<string>;
  /** The service's message about a failure, "" if there is none. */
  declare readonly error: pulumi.Output<string>;
  declare readonly agentId: pulumi.Output<string>;
  declare readonly wallet: pulumi.Output<Pick<Wallet, "vkey" | "type">>;
  /** Digest of what is registered. */
  declare readonly content: pulumi.Output<string>;
  declare readonly apiBaseUrl: pulumi.Output<string>;
  /** "" until it is known; AgentConfirmation has the current one. */
  declare readonly agentIdentifier: pulumi.Output<string>;

  constructor(name: string, args: AgentRegistrationArgs, options: pulumi.CustomResourceOptions = {}) {
    const { type } = AgentRegistration;
    const unset = {
      revision: undefined,
      state: undefined,
      error: undefined,
      content: undefined,
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
