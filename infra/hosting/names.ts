import { createHash } from "node:crypto";

const HASH_DIGITS = 8;

const hashOf = (parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, HASH_DIGITS);

const readable = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/**
 * Returns a name of at most `max` characters for resources with short names on AWS (a target group: 32): lower-case letters,
 * digits and single hyphens. It ends in a hash of all parts, so long ids with the same beginning do not clash; the first
 * part stays readable as far as there is room.
 */
export function boundedName(max: number, ...parts: readonly [string, ...string[]]): string {
  const room = max - HASH_DIGITS - 1;
  const prefix = readable(parts[0]).slice(0, Math.max(0, room)).replace(/-+$/, "");
  return prefix ? `${prefix}-${hashOf(parts)}` : hashOf(parts);
}

/** What a service accepts as a name. */
export interface NameRule {
  readonly max: number;
  readonly pattern: RegExp;
}

/** The rules for names that contain a project's or stack's name, which may have capitals, dots and up to 100 characters. */
export const NAMES = {
  /** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html */
  taskFamily: { max: 255, pattern: /^[A-Za-z0-9_-]+$/ },
  /** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html */
  securityGroup: { max: 247, pattern: /^(?!sg-)[a-z0-9-]+$/ },
  /** 32 characters, of which Pulumi takes eight: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html */
  loadBalancer: { max: 24, pattern: /^(?!internal-)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/ },
  /** Shared by several kinds of resources, of which a load balancer's name is the shortest and an ECR repository's the strictest. */
  shared: { max: 24, pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/ },
  /** Repository, container and volume: https://docs.docker.com/reference/cli/docker/image/tag/ */
  docker: { max: 255, pattern: /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/ },
} as const satisfies Record<string, NameRule>;

/** Returns a name as it is where it is accepted, which is nearly always the case, otherwise a bounded one. */
export function acceptedName({ max, pattern }: NameRule, name: string): string {
  const accepts = (candidate: string) => candidate.length <= max && pattern.test(candidate);
  if (accepts(name)) return name;
  const bounded = boundedName(max, name);
  return accepts(bounded) ? bounded : boundedName(max, `masumi-${name}`);
}

/** Returns the path of a parameter in AWS Systems Manager, which reserves names that begin with aws or ssm for itself. */
export const parameterPath = (path: string): string => (/^\/(aws|ssm)/i.test(path) ? `/masumi${path}` : path);
