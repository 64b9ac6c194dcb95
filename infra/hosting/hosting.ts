import type * as pulumi from "@pulumi/pulumi";
import type { StackConfig, Wallet } from "../config.ts";
import type { Agent } from "../declarations/index.ts";

/** Where an agent answers, once it is hosted. */
export interface HostedCrew {
  /** Public base URL, without a trailing slash; known in a preview wherever the hosting can know it. */
  readonly url: pulumi.Input<string>;
  /** What must be up before the URL answers, and stays until the registration is gone. */
  readonly ready: pulumi.Resource[];
  /**
   * Hands the identifier to the running crew. What it creates is removed before the registration is, and its removal
   * tells the crew to take no more jobs.
   */
  publishIdentifier(agentIdentifier: pulumi.Output<string>, options: pulumi.CustomResourceOptions): void;
}

export interface HostingContext {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** All agents of the stack. */
  readonly agents: readonly Agent[];
}

/** One agent to host, and the wallet that it is registered with. */
export interface CrewToHost {
  readonly agent: Agent;
  /** The selling wallet: buyers pay to it. */
  readonly wallet: Pick<Wallet, "vkey" | "type">;
}

/** One way of running crews. Chosen by masumi:hosting, or for one agent by its YAML; only chosen ones are loaded. */
export interface Hosting {
  host(crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew;
}
