import { SHARED_SERVICE, crewUrl, reservedPort } from "../../../providers/crew-process/local/index.ts";
import type { DockerSettings } from "../docker/settings.ts";
import { DOCKER_PORTS, dockerUrl } from "../docker/url.ts";
import type { AwsSettings } from "../ecs/settings.ts";
import { albUrl } from "../ecs/url.ts";
import { stableNumbers } from "../stable-numbers.ts";
import { serviceStack } from "./names.ts";
import type { SharedSettings } from "./settings.ts";

export interface SharedUrlContext {
  readonly settings: {
    readonly shared: SharedSettings;
    readonly docker: DockerSettings;
    readonly aws: AwsSettings;
  };
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The stack's name. */
  readonly stack: string;
  /** What distinguishes this stack from others that use the same engine. */
  readonly scope: readonly string[];
}

/** Returns the service's port in a Docker engine: the one in masumi:docker.ports, otherwise one derived from the stack. */
export function sharedPort({
  settings: { shared, docker },
  scope,
}: Omit<SharedUrlContext, "projectRoot" | "stack">) {
  const given = docker.ports[shared.name];
  const derived =
    stableNumbers([SHARED_SERVICE], DOCKER_PORTS, { scope }).get(SHARED_SERVICE) ?? DOCKER_PORTS.first;
  return given ?? derived;
}

/** Returns the service's public URL, below which its agents are; undefined if it is not known before it runs. */
export function sharedUrl(context: SharedUrlContext): string | undefined {
  const { shared, docker, aws } = context.settings;
  if (shared.on === "docker") return dockerUrl(docker, shared.name, sharedPort(context));
  if (shared.on === "ecs-alb") return aws.domain && albUrl(aws.domain, shared.name);
  const port = reservedPort(context.projectRoot, SHARED_SERVICE, serviceStack(shared, context.stack));
  return port === undefined ? undefined : crewUrl(port);
}
