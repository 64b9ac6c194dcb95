import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "../../../providers/shared-crew/index.ts";
import type { CrewSecret } from "../../crews/environment.ts";
import type { Agent } from "../../declarations/index.ts";

/** How an agent's secrets reach the service. */
export interface SharedSecrets {
  /** By environment variable; absent where the service reads them elsewhere. */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Their version there. */
  readonly secretsVersion?: pulumi.Output<number>;
}

/** The service that all agents of the hosting share, wherever it runs. No agent changes it. */
export interface SharedService {
  /** Its public URL, without a trailing slash. */
  readonly url: string;
  /** Where it reads its agents. */
  readonly place: pulumi.Input<Place>;
  /** The platform of its container, for which agents' packages are installed; absent if it is a process of this machine. */
  readonly platform?: string;
  /** Must be up before its agents, and stay until they are gone. */
  readonly ready: pulumi.Resource[];
  /** How many instances take turns to answer. */
  readonly instances: number;
  /** The longest job, in seconds. */
  readonly jobSeconds: number;
  /** What each agent's environment has there besides. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Hands on an agent's secrets. */
  passSecrets(
    agent: Agent,
    secrets: ReadonlyMap<string, CrewSecret>,
    options: pulumi.CustomResourceOptions,
  ): SharedSecrets;
}

/** Secrets as a file beside the declaration, which only the service may read. */
export const secretsInFile: SharedService["passSecrets"] = (_agent, secrets) => ({
  secrets: Object.fromEntries([...secrets].map(([variable, { value }]) => [variable, value])),
});
