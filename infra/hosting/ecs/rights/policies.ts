import {
  type Condition,
  type Place,
  type PolicyTarget,
  conditionsOf,
  namesProblem,
  placesOf,
} from "./places.ts";
import { type Grant, type Part, LEDGER, RIGHTS, type Rights, STATE } from "./rights.ts";

export interface PolicyStatement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  /** Absent from a policy that says who may assume a role. */
  readonly Resource?: string | readonly string[];
  readonly Principal?: { readonly Federated: string };
  readonly Condition?: Condition;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/** The most that a managed policy of IAM may have, without blanks. */
export const POLICY_SIZE = 6144;

/** Returns every policy of a stack, by the name of its file. @throws RangeError if there can be none for these names */
export function policiesOf(target: PolicyTarget): Readonly<Record<string, Policy>> {
  const problem = namesProblem(target);
  if (problem) throw new RangeError(problem);
  const parts = Object.keys(RIGHTS) as Part[];
  const deploying = parts.map((part): [string, Policy] => {
    const rights = [...Object.values(RIGHTS[part]), ...(part === "access" ? [STATE, LEDGER] : [])];
    return [`deploying-role-${part}`, policyOf(rights.flatMap(all), target)];
  });
  const everything = [...parts.flatMap((part) => Object.values(RIGHTS[part])), STATE, LEDGER];
  return {
    ...Object.fromEntries(deploying),
    "read-only-role": policyOf(
      everything.flatMap(({ reads = [] }) => reads),
      target,
    ),
    boundary: boundaryOf(target),
    "deploying-trust": trustOf(target, target.stack),
    "plan-trust": trustOf(target, `${target.stack}-plan`),
    "preview-trust": trustOf(target, `${target.stack}-preview`),
  };
}

const all = ({ reads = [], writes = [] }: Rights): readonly Grant[] => [...reads, ...writes];

/** Returns a policy with one statement for all actions that are allowed on the same resources, under the same condition. */
function policyOf(grants: readonly Grant[], target: PolicyTarget): Policy {
  const conditions = conditionsOf(target);
  const places = placesOf(target);
  const byPlace = new Map<string, { grant: Grant; actions: Set<string> }>();
  for (const grant of grants.filter(({ on }) => on.some((place) => places[place] !== undefined))) {
    const key = JSON.stringify([grant.on.toSorted(), grant.when]);
    const known = byPlace.get(key) ?? { grant, actions: new Set() };
    for (const action of grant.actions.split(" ")) known.actions.add(action);
    byPlace.set(key, known);
  }
  const statements = [...byPlace].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    Version: "2012-10-17",
    Statement: statements.map(([, { grant, actions }]) => ({
      Effect: "Allow",
      Action: [...actions].toSorted(),
      Resource: resourcesOf(grant.on, target),
      ...(grant.when ? { Condition: conditions[grant.when] } : {}),
    })),
  };
}

const GITHUB = "token.actions.githubusercontent.com";

/** Returns who may assume a role: the jobs of one environment of the repository, by their tokens of OIDC. */
function trustOf({ partition, accountId, repository }: PolicyTarget, environment: string): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["sts:AssumeRoleWithWebIdentity"],
        Principal: { Federated: `arn:${partition}:iam::${accountId}:oidc-provider/${GITHUB}` },
        Condition: {
          StringEquals: {
            [`${GITHUB}:aud`]: "sts.amazonaws.com",
            [`${GITHUB}:sub`]: `repo:${repository}:environment:${environment}`,
          },
        },
      },
    ],
  };
}

function resourcesOf(on: readonly Place[], target: PolicyTarget): string | readonly string[] {
  const places = placesOf(target);
  const arns = on.flatMap((place) => places[place] ?? []).toSorted();
  return arns.length === 1 ? (arns[0] ?? "*") : arns;
}

/** Returns the most that the roles of the stack may do: what ECS needs to start a crew, and what a crew itself needs. */
function boundaryOf(target: PolicyTarget): Policy {
  const { partition, accountId, rolePath, project, stack } = target;
  const places = placesOf(target);
  const allow = (
    Action: readonly string[],
    Resource: string | undefined,
    Condition?: Condition,
  ): PolicyStatement[] =>
    Resource === undefined
      ? []
      : [{ Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) }];
  const express = `arn:${partition}:iam::${accountId}:role${rolePath}${project}-${stack}-express-*`;
  return {
    Version: "2012-10-17",
    Statement: [
      ...allow(["ecr:GetAuthorizationToken"], "*"),
      ...allow(
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        places.repository,
      ),
      ...allow(["logs:CreateLogStream", "logs:PutLogEvents"], places.logGroup),
      ...allow(["secretsmanager:GetSecretValue"], places.secret),
      ...allow(["kms:Decrypt"], places.key, conditionsOf(target).forAws),
      ...allow(["ssm:GetParameter"], places.parameter),
      ...allow(["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], places.task),
      ...allow(["s3:GetObject"], places.document),
      // Only the role with which AWS makes the load balancers of Express services.
      ...allow(
        ["acm:*", "application-autoscaling:*", "cloudwatch:*", "ec2:*SecurityGroup*", "ec2:Describe*"].concat(
          ["ec2:CreateTags", "ecs:*", "elasticloadbalancing:*", "iam:CreateServiceLinkedRole", "logs:*"],
        ),
        "*",
        { ArnLike: { "aws:PrincipalArn": express } },
      ),
    ],
  };
}
