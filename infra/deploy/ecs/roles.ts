import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { boundedName } from "../../hosting/names.ts";
import { type AwsPlace, type PolicyDocument, assumedBy, readSecrets } from "./policies.ts";

/** IAM's limit for the names of roles. */
const ROLE_NAME = 64;

export interface Role {
  readonly arn: pulumi.Output<string>;
  /** What gives the role its permissions. A service must be removed before them, or its removal hangs. */
  readonly rights: pulumi.Resource[];
}

const managed = ({ partition }: AwsPlace, path: string) => `arn:${partition}:iam::aws:policy/${path}`;

/** Returns what all roles of the stack have. */
const inPlace = ({ rolePath, permissionsBoundary }: AwsPlace): Partial<aws.iam.RoleArgs> => ({
  // AWS's default is left out: a role without a path is the same role.
  ...(rolePath === "/" ? {} : { path: rolePath }),
  ...(permissionsBoundary ? { permissionsBoundary } : {}),
});

/** Creates the role with which ECS starts containers: pulls images, writes logs, reads secrets. No container gets it. */
export function makeExecutionRole(
  name: string,
  place: AwsPlace,
  secretArns: pulumi.Output<string[]>,
  options: pulumi.CustomResourceOptions,
): Role {
  const logical = `${name}-execution`;
  const role = new aws.iam.Role(
    logical,
    { assumeRolePolicy: JSON.stringify(assumedBy("ecs-tasks", place.accountId)), ...inPlace(place) },
    options,
  );
  const attachment = new aws.iam.RolePolicyAttachment(
    logical,
    { role: role.name, policyArn: managed(place, "service-role/AmazonECSTaskExecutionRolePolicy") },
    options,
  );
  const secrets = new aws.iam.RolePolicy(
    logical,
    { role: role.name, policy: pulumi.jsonStringify(secretArns.apply((arns) => readSecrets(arns, place))) },
    options,
  );
  return { arn: role.arn, rights: [attachment, secrets] };
}

/** Creates the role with which AWS manages the load balancers and security groups of Express services. */
export function makeInfrastructureRole(
  name: string,
  place: AwsPlace,
  options: pulumi.CustomResourceOptions,
): Role {
  const logical = `${name}-express`;
  const role = new aws.iam.Role(
    logical,
    { assumeRolePolicy: JSON.stringify(assumedBy("ecs", place.accountId)), ...inPlace(place) },
    options,
  );
  const attachment = new aws.iam.RolePolicyAttachment(
    logical,
    {
      role: role.name,
      policyArn: managed(place, "service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"),
    },
    options,
  );
  return { arn: role.arn, rights: [attachment] };
}

export interface TaskRoleArgs {
  /** Whose it is: an agent's id, or the shared crew service's name. */
  readonly agentId: string;
  readonly place: AwsPlace;
  /** What distinguishes this stack's roles from another's. */
  readonly owner: readonly string[];
  readonly policy: pulumi.Output<PolicyDocument>;
}

/** Creates the only role that a crew itself has. */
export function makeTaskRole(args: TaskRoleArgs, options: pulumi.CustomResourceOptions): Role {
  const { agentId, owner, place } = args;
  // The path is part of the name: an account has each name once, and the old role must outlive the tasks that have it.
  const path = place.rolePath === "/" ? [] : [place.rolePath];
  const role = new aws.iam.Role(
    agentId,
    {
      name: boundedName(ROLE_NAME, agentId, ...owner, place.region, ...path),
      assumeRolePolicy: JSON.stringify(assumedBy("ecs-tasks", place.accountId)),
      ...inPlace(place),
    },
    options,
  );
  const policy = new aws.iam.RolePolicy(
    agentId,
    { role: role.name, policy: pulumi.jsonStringify(args.policy) },
    options,
  );
  return { arn: role.arn, rights: [policy] };
}
