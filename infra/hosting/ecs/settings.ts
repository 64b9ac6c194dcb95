import { z } from "zod";
import type { OutsideSettings, SettingsOfHosting } from "../kind.ts";
import { platform } from "../platform.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const arn = (service: string) =>
  z
    .string()
    .regex(new RegExp(`^arn:aws[a-z-]*:${service}:`), `expected an ARN beginning with arn:aws:${service}:`);
const resourceId = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]+$`), `expected an id, for example ${prefix}-0a1b2c3d`);
const domainName = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/,
    "expected a lower-case domain, for example agents.example.com",
  );
const CIDR = /^(\d{1,3}(\.\d{1,3}){3}\/(3[0-2]|[12]?\d)|[0-9a-f:]+:[0-9a-f:]*\/(12[0-8]|1[01]\d|\d{1,2}))$/;
const bucketName = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected the name of a bucket");

const TAG_KEY = /^(?!aws:|masumi:)[\p{L}\p{N} _.:/=+@-]{1,128}$/iu;
/** AWS allows 50 on most resources, and the program sets three. */
const MOST_TAGS = 40;

const tags = z
  .record(
    z.string(),
    z
      .string()
      .regex(/^[\p{L}\p{N} _.:/=+@-]{0,256}$/u, "expected at most 256 letters, digits, spaces and _.:/=+-@"),
  )
  .refine((tags) => Object.keys(tags).every((key) => TAG_KEY.test(key)), {
    error: "expected tags without the prefixes aws: and masumi:, of letters, digits, spaces and _.:/=+-@",
  })
  .refine((tags) => Object.keys(tags).length <= MOST_TAGS, `expected at most ${MOST_TAGS} tags`);

const setElsewhere = (remedy: string) => z.custom<never>(() => false, remedy).exactOptional();

/** masumi:aws, for the hostings ecs-alb and ecs-express. Whatever is not specified here is created. */
const schema = z.strictObject({
  /** Not a setting of ours: two places could disagree, and the AWS provider reads only aws:region. */
  region: setElsewhere(
    "is set for the AWS provider instead: npx masumi-agents config set aws:region eu-central-1",
  ),
  /** ecs-alb: agents are reached at https://<id>.<domain>. */
  domain: domainName.exactOptional(),
  /** ecs-alb: the Route 53 hosted zone that contains the domain. Default: the domain itself. */
  zone: domainName.exactOptional(),
  /** An existing VPC with public subnets in at least two availability zones. Default: the account's default VPC. */
  vpcId: resourceId("vpc").exactOptional(),
  subnetIds: z.array(resourceId("subnet")).min(2).exactOptional(),
  /** ecs-alb: private subnets for the crews, in at least two zones, with a way out (NAT); they get no public address then. */
  privateSubnetIds: z.array(resourceId("subnet")).min(2).exactOptional(),
  /** What crews may reach; a rule without ports allows all of them. Default: everything. */
  egress: z
    .array(
      z.strictObject({
        cidr: z.string().regex(CIDR, "expected a range of addresses, for example 0.0.0.0/0 or 10.0.0.0/8"),
        ports: z.array(z.int().min(1).max(65_535)).min(1).exactOptional(),
      }),
    )
    .min(1)
    .exactOptional(),
  /** An existing ECS cluster; for `spot` it must have the capacity provider FARGATE_SPOT. */
  clusterArn: arn("ecs").exactOptional(),
  /** ecs-alb: an existing certificate for *.<domain> in the stack's region. Default: a new one, validated by DNS. */
  certificateArn: arn("acm").exactOptional(),
  /** ecs-alb: an existing load balancer and its HTTPS listener, with a certificate for *.<domain>. */
  loadBalancer: z
    .strictObject({
      arn: arn("elasticloadbalancing"),
      listenerArn: arn("elasticloadbalancing"),
      securityGroupId: resourceId("sg"),
    })
    .exactOptional(),
  /** ecs-alb: the bucket to which the new load balancer writes its access log. Default: no log. */
  accessLogs: z
    .strictObject({
      bucket: bucketName,
      prefix: z
        .string()
        .regex(/^(?!\/)[A-Za-z0-9._/-]+(?<!\/)$/, "expected a path without slashes at its ends")
        .exactOptional(),
    })
    .exactOptional(),
  /** ecs-alb: AWS deletes the new load balancer only once this is false again. */
  deletionProtection: z.boolean().default(false),
  /** ecs-alb: the web ACL of AWS WAF in front of the new load balancer. Default: none. */
  webAclArn: arn("wafv2").exactOptional(),
  /** ecs-alb: priorities of single agents' listener rules, by id. Default: a number derived from stack and id. */
  priorities: z.record(z.string(), z.int().min(1).max(50_000, "expected a priority, 1 to 50000")).default({}),
  /** ecs-alb: Fargate Spot, about 70 % cheaper; AWS may stop a container and its jobs with two minutes' notice. */
  spot: z.boolean().default(false),
  logRetentionDays: z
    .number()
    .refine((days) => RETENTION_DAYS.includes(days), `expected one of ${RETENTION_DAYS.join(", ")}`)
    .default(30),
  /** The key for logs, secrets and images. Default: AWS's own. On a stack that runs, it makes a new repository. */
  kmsKeyArn: arn("kms").exactOptional(),
  /** Metrics of CloudWatch Container Insights, which cost extra. */
  containerInsights: z.enum(["disabled", "enabled", "enhanced"]).default("disabled"),
  /** Where alarms go. Default: no alarms. */
  alarms: z.strictObject({ topicArn: arn("sns") }).exactOptional(),
  /** Tags of every resource, beside the program's own: masumi:project, masumi:stack and masumi:agent. */
  tags: tags.default({}),
  /** The path of all IAM roles. On a stack that runs, another one makes new roles, and every crew is rolled. */
  rolePath: z
    .string()
    .regex(
      /^\/([\w+=,.@-]+\/)*$/,
      "expected a path that begins and ends with a slash, for example /masumi-agents/",
    )
    .max(100)
    .default("/"),
  /** The most that any role of the stack may do, whatever its own policies say. */
  permissionsBoundary: arn("iam").exactOptional(),
  platform: platform.default("linux/amd64"),
  /** The longest that a job may run, in minutes. Updating or removing a service may take that much longer. */
  jobMinutes: z.int().min(1).max(1440).default(60),
  /** Proxies in front of crews that add to X-Forwarded-For: the load balancer, and what is in front of it, such as CloudFront. */
  proxyHops: z.int().min(1).max(8).default(1),
});

export type AwsSettings = Omit<z.output<typeof schema>, "region"> & {
  /** aws:region, otherwise AWS_REGION or AWS_DEFAULT_REGION. */
  readonly region: string | undefined;
  /** aws:profile; without it credentials come from the environment. */
  readonly profile?: string | undefined;
  /** Names of settings that give credentials only to the AWS provider. */
  readonly credentialSettings?: readonly string[];
};
/** Settings from which only the AWS provider takes its credentials. */
const CREDENTIALS = ["aws:accessKey", "aws:secretKey", "aws:token", "aws:assumeRole", "aws:assumeRoles"];

const regionOf = ({ values, env }: OutsideSettings): string | undefined =>
  (values["aws:region"] ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"]) || undefined;

export const awsSettings: SettingsOfHosting<typeof schema, AwsSettings> = {
  schema,
  example: "{ domain: agents.example.com }",
  complete: (settings, outside) => ({
    ...settings,
    region: regionOf(outside),
    profile: outside.values["aws:profile"],
    credentialSettings: CREDENTIALS.filter((key) => outside.values[key] !== undefined),
  }),
};
