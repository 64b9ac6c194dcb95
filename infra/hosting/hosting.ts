import type * as pulumi from "@pulumi/pulumi";
import type { Agent } from "../declarations/index.ts";
import type { StackConfig } from "../config.ts";

/** Where an agent answers, once it is hosted. */
export interface HostedCrew {
  /** Public base URL, without a trailing slash; known in a preview wherever the hosting can know it. */
  readonly url: pulumi.Input<string>;
  /** What must be up before the URL answers. */
  readonly ready: pulumi.Resource[];
  /** Hands the identifier to the running crew, and marks it as draining when the agent is removed. */
  publishIdentifier(agentIdentifier: pulumi.Output<string>, options: pulumi.CustomResourceOptions): void;
}

export interface HostingContext {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
}

/** One way of running crews. Chosen by masumi:hosting; only the chosen one is loaded. */
export interface Hosting {
  host(agent: Agent, options: pulumi.CustomResourceOptions): HostedCrew;
}
