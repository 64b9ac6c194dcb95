import type * as pulumi from "@pulumi/pulumi";
import type { AgentIdentity } from "../../providers/common/agent-identity.ts";
import type { StackConfig } from "../config.ts";
import type { CrewToHost } from "../crews/crew-to-host.ts";
import type { Agent } from "../declarations/index.ts";
import type { RegisteredUrls } from "../fleet/index.ts";

/** What a crew is told once its registration is confirmed, and of that registration. */
export type IdentityOutputs = AgentIdentity<pulumi.Output<string>, pulumi.Output<"V1" | "V2">>;

/** Where an agent answers, once it is hosted. */
export interface HostedCrew {
  /** Public base URL without a trailing slash; known in a preview if the hosting can know it. */
  readonly url: pulumi.Input<string>;
  /** What must be up before the URL answers, and must stay until the registration is gone. */
  readonly ready: pulumi.Resource[];
  /**
   * Passes the identity to the running crew. What it creates is removed before the registration, and its removal tells the
   * crew to take no more jobs. Left out where there is no crew of ours.
   */
  publishIdentity?(identity: IdentityOutputs, options: pulumi.CustomResourceOptions): void;
}

export interface HostingContext {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** All agents of the stack. */
  readonly agents: readonly Agent[];
  readonly registered: RegisteredUrls;
}

/** A way of running crews, chosen by masumi:hosting or for one agent by its YAML. Only those in use are loaded. */
export interface Hosting {
  host(crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew;
}

/** What the module of a hosting exports as `hosting`: creates what all its agents share. */
export type HostingFactory = (context: HostingContext) => Hosting | Promise<Hosting>;
