import { NAMES, acceptedName, parameterPath } from "../../names.ts";
import { agentPath } from "../names.ts";
import { TAGS } from "../tags.ts";

/** What a stack's policies are written for. */
export interface PolicyTarget {
  readonly partition: string;
  readonly accountId: string;
  readonly region: string;
  /** The name in Pulumi.yaml, and the stack's. */
  readonly project: string;
  readonly stack: string;
  /** masumi:aws.rolePath. */
  readonly rolePath: string;
  /** masumi:aws.permissionsBoundary. */
  readonly boundary: string;
  /** masumi:aws.domain. Without it, nothing is allowed on hosted zones. */
  readonly domain?: string;
  /** The id of the domain's hosted zone. @default any: but for names below the domain, it may only be read */
  readonly zoneId?: string;
  /** The bucket of Pulumi's state, and the key of its secrets. */
  readonly stateBucket: string;
  readonly stateKey: string;
  /** The repository on GitHub whose workflows assume the roles, as in the subjects of its tokens: <owner>/<name>, or both with their ids. */
  readonly repository: string;
  /** The bucket of masumi:documents on AWS, and its prefix. Without it, nothing is allowed on one. */
  readonly documents?: string;
  /** The bucket of masumi:ledger on AWS, and its prefix. Without it, nothing is allowed on one. */
  readonly ledger?: string;
  /** masumi:aws.kmsKeyArn. Without it, nothing is allowed on a key but the state's. */
  readonly kmsKey?: string;
}

/** The name with which all shared resources of a stack begin; Pulumi adds a suffix. */
const prefixOf = ({ project, stack }: PolicyTarget): string => `${project}-${stack}`;

/** Returns why policies cannot be written for these names; undefined if they can. */
export function namesProblem(target: PolicyTarget): string | undefined {
  const prefix = prefixOf(target);
  const rules = [NAMES.shared, NAMES.loadBalancer, NAMES.taskFamily];
  return rules.every((rule) => acceptedName(rule, prefix) === prefix)
    ? undefined
    : `AWS takes ${prefix} for no load balancer's name, so the resources of this stack are called otherwise: ` +
        "project and stack may have 23 lower-case letters, digits and single hyphens together";
}

/** Returns where the resources of a stack are, by kind; what the stack has not is undefined. `*` is for actions that know no resources. */
export function placesOf(target: PolicyTarget) {
  const { partition, accountId, region, project, stack, rolePath, stateBucket, documents, ledger } = target;
  const prefix = prefixOf(target);
  const arn = (service: string, path: string) => `arn:${partition}:${service}:${region}:${accountId}:${path}`;
  const elb = (path: string) => arn("elasticloadbalancing", path);
  const logs = agentPath(project, stack, "*");
  const global = (service: string, path: string) => `arn:${partition}:${service}:::${path}`;
  const inBucket = (place: string | undefined, path: string) =>
    place === undefined ? undefined : global("s3", `${place}${path}`);
  const bucketOf = (place: string | undefined) => inBucket(place?.split("/")[0], "");
  return {
    "*": "*",
    alarm: arn("cloudwatch", `alarm:${prefix}-*`),
    /** CloudWatch asks for all of them, also when one is asked for by its name. */
    alarms: arn("cloudwatch", "alarm:*"),
    certificate: arn("acm", "certificate/*"),
    cluster: arn("ecs", `cluster/${prefix}-*`),
    defaultCluster: arn("ecs", "cluster/default"),
    change: global("route53", "change/*"),
    document: inBucket(documents, `/${project}/${stack}/*`),
    storedDocument: inBucket(documents, "/stored/*"),
    documents: bucketOf(documents),
    key: target.kmsKey,
    ledger: bucketOf(ledger),
    ledgerLine: inBucket(ledger, `/${project}/${stack}/*`),
    listener: elb(`listener/app/${prefix}-*`),
    listenerRule: elb(`listener-rule/app/${prefix}-*`),
    loadBalancer: elb(`loadbalancer/app/${prefix}-*`),
    logGroup: arn("logs", `log-group:${logs}`),
    parameter: arn("ssm", `parameter${parameterPath(agentPath(project, stack, "*"))}`),
    repository: arn("ecr", `repository/${prefix}-*`),
    role: `arn:${partition}:iam::${accountId}:role${rolePath}*`,
    scalableTarget: arn("application-autoscaling", "scalable-target/*"),
    secret: arn("secretsmanager", `secret:${prefix}/*`),
    securityGroup: arn("ec2", "security-group/*"),
    securityGroupRule: arn("ec2", "security-group-rule/*"),
    service: arn("ecs", `service/${prefix}-*`),
    serviceLinkedRole: `arn:${partition}:iam::${accountId}:role/aws-service-role/*`,
    serviceRevision: arn("ecs", `service-revision/${prefix}-*`),
    state: global("s3", stateBucket),
    stateObject: global("s3", `${stateBucket}/.pulumi/*`),
    stateKey: target.stateKey,
    targetGroup: elb("targetgroup/*"),
    task: arn("ecs", `task/${prefix}-*`),
    taskDefinition: arn("ecs", `task-definition/${prefix}-*`),
    vpc: arn("ec2", "vpc/*"),
    webAcl: arn("wafv2", "regional/webacl/*"),
    zone: target.domain === undefined ? undefined : global("route53", `hostedzone/${target.zoneId ?? "*"}`),
  } as const;
}

export type Place = keyof ReturnType<typeof placesOf>;

export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** Returns the conditions under which an action may be taken, by name. */
export function conditionsOf(target: PolicyTarget) {
  const { partition, project, stack, region, boundary, domain } = target;
  const tags = (kind: "RequestTag" | "ResourceTag") => ({
    StringEquals: { [`aws:${kind}/${TAGS.project}`]: project, [`aws:${kind}/${TAGS.stack}`]: stack },
  });
  const managed = (name: string) => `arn:${partition}:iam::aws:policy/service-role/${name}`;
  const bounded = { "iam:PermissionsBoundary": boundary };
  return {
    /** It is the stack's, by its tags. */
    owned: tags("ResourceTag"),
    /** It becomes the stack's. */
    tagged: tags("RequestTag"),
    /** Its tags are part of its creation: nothing of somebody else's can be made the stack's. */
    created: {
      StringEquals: {
        "ec2:CreateAction": [
          "CreateSecurityGroup",
          "AuthorizeSecurityGroupEgress",
          "AuthorizeSecurityGroupIngress",
        ],
      },
    },
    createdTargetGroup: { StringEquals: { "elasticloadbalancing:CreateAction": "CreateTargetGroup" } },
    inCluster: { ArnLike: { "ecs:cluster": placesOf(target).cluster } },
    bounded: { StringEquals: bounded },
    /** It replaces nothing: the request is refused if there is such an object. */
    added: { Null: { "s3:if-none-match": "false" } },
    attached: {
      StringEquals: bounded,
      ArnEquals: {
        "iam:PolicyARN": [
          managed("AmazonECSTaskExecutionRolePolicy"),
          managed("AmazonECSInfrastructureRoleforExpressGatewayServices"),
        ],
      },
    },
    passed: {
      StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"] },
    },
    serviceLinked: {
      StringEquals: {
        "iam:AWSServiceName": [
          "ecs.amazonaws.com",
          "ecs.application-autoscaling.amazonaws.com",
          "elasticloadbalancing.amazonaws.com",
        ],
      },
    },
    ofEcs: { StringEquals: { "application-autoscaling:service-namespace": "ecs" } },
    belowDomain: {
      "ForAllValues:StringLike": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": domain === undefined ? [] : [`*.${domain}`],
      },
    },
    forAws: {
      StringLike: {
        "kms:ViaService": [`ecr.${region}.amazonaws.com`, `secretsmanager.${region}.amazonaws.com`],
      },
    },
  } as const satisfies Record<string, Condition>;
}

export type ConditionName = keyof ReturnType<typeof conditionsOf>;
