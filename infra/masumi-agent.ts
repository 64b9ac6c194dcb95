import * as pulumi from "@pulumi/pulumi";
import { AgentConfirmation, AgentRegistration } from "../providers/masumi/index.ts";
import { marker } from "../providers/masumi/service/index.ts";
import type { StackConfig } from "./config.ts";
import type { Agent } from "./declarations/index.ts";
import type { Hosting } from "./deploy/index.ts";
import { type PlannedAgent, listingOf } from "./fleet/index.ts";

export interface MasumiAgentArgs extends PlannedAgent {
  readonly config: StackConfig;
  readonly hosting: Hosting;
}

/** One agent of the stack output `agents`; the shape is documented in docs/outputs.md. */
export interface AgentOutput {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly network: string;
  readonly state: string;
  readonly agentIdentifier: string;
  readonly txHash: string;
  readonly registrationId: string;
  readonly walletVkey: string;
  readonly pricing: Agent["pricing"];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
}

/**
 * One agent: hosted, reachable, registered, confirmed, and told its identifier, in this order, because no ADA must be spent
 * on an agent that does not answer. Removing it happens in reverse order.
 */
export class MasumiAgent extends pulumi.ComponentResource {
  readonly output: pulumi.Output<AgentOutput>;

  constructor(args: MasumiAgentArgs, options?: pulumi.ComponentResourceOptions) {
    const { agent, config, hosting, wallet, sourceAddress, recover, row, spare, queueLength } = args;
    super("masumi:index:Agent", agent.id, {}, options);
    const child = { parent: this };

    const hosted = hosting.host({ agent, wallet }, child);

    const registration = new AgentRegistration(
      agent.id,
      {
        agentId: agent.id,
        marker: marker(config.owner, agent.id),
        network: config.network,
        wallet,
        listing: { ...listingOf(agent), apiBaseUrl: hosted.url },
        ...(sourceAddress ? { sourceAddress } : {}),
        ...(agent.adopt ? { adopt: agent.adopt } : {}),
        ...(recover ? { recover } : {}),
        ...(row && spare.length > 0 ? { registrations: [row, ...spare].map(({ id }) => id) } : {}),
        probe: { allowPrivate: config.allowPrivateUrls, timeoutSeconds: config.probeSeconds },
        ...(config.v1Replacement === "delete-first" ? { v1Replacement: config.v1Replacement } : {}),
      },
      { ...child, dependsOn: hosted.ready },
    );

    const confirmation = new AgentConfirmation(
      agent.id,
      {
        registrationId: registration.id,
        revision: registration.revision,
        network: config.network,
        walletVkey: wallet.vkey,
        walletType: wallet.type,
        ...(config.waitMinutes === undefined ? {} : { waitMinutes: config.waitMinutes }),
        queueLength,
      },
      child,
    );
    hosted.publishIdentifier(confirmation.agentIdentifier, child);

    this.output = pulumi.output({
      id: agent.id,
      name: agent.name,
      url: hosted.url,
      network: config.network,
      state: confirmation.state,
      agentIdentifier: confirmation.agentIdentifier,
      txHash: confirmation.txHash,
      registrationId: registration.id,
      walletVkey: wallet.vkey,
      pricing: agent.pricing,
      feeLovelace: confirmation.feeLovelace,
      lockedLovelace: confirmation.lockedLovelace,
    });
    this.registerOutputs({ url: hosted.url, agentIdentifier: confirmation.agentIdentifier });
  }
}
