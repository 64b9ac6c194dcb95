import { z } from "zod";
import type { HostingKind } from "../declarations/index.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const arn = (service: string) =>
  z
    .string()
    .regex(new RegExp(`^arn:aws[a-z-]*:${service}:`), `expected an ARN that begins with arn:aws:${service}:`);
const resourceId = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]+$`), `expected an id such as ${prefix}-0a1b2c3d`);
const domainName = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/,
    "expected a lower-case domain such as agents.example.com",
  );
const platform = z.enum(["linux/amd64", "linux/arm64"]);

const elsewhere = (remedy: string) => z.custom<never>(() => false, remedy).exactOptional();

/** masumi:aws. Whatever is not given here is made. The hostings ecs-alb and ecs-express read it. */
export const awsSettings = z.strictObject({
  /** Two places could disagree, and the AWS provider reads only its own. */
  region: elsewhere("is the AWS provider's own setting: pulumi config set aws:region eu-central-1"),
  /** ecs-alb: agents are reached at https://<id>.<domain>. */
  domain: domainName.exactOptional(),
  /** ecs-alb: the Route 53 hosted zone that the domain lies in; default the domain itself. */
  zone: domainName.exactOptional(),
  /** An existing VPC with public subnets in at least two availability zones; default the account's default VPC. */
  vpcId: resourceId("vpc").exactOptional(),
  subnetIds: z.array(resourceId("subnet")).min(2).exactOptional(),
  /** An existing ECS cluster; for `spot` it must have the capacity provider FARGATE_SPOT. */
  clusterArn: arn("ecs").exactOptional(),
  /** ecs-alb: an existing certificate for *.<domain>, in the stack's region; default one made and validated by DNS. */
  certificateArn: arn("acm").exactOptional(),
  /** ecs-alb: an existing load balancer, and its HTTPS listener with a certificate for *.<domain>. */
  loadBalancer: z
    .strictObject({
      arn: arn("elasticloadbalancing"),
      listenerArn: arn("elasticloadbalancing"),
      securityGroupId: resourceId("sg"),
    })
    .exactOptional(),
  /** ecs-alb: Fargate Spot, about 70 % cheaper; AWS may end a container with two minutes' notice, jobs and all. */
  spot: z.boolean().default(false),
  logRetentionDays: z
    .number()
    .refine((days) => RETENTION_DAYS.includes(days), `expected one of ${RETENTION_DAYS.join(", ")}`)
    .default(30),
  platform: platform.default("linux/amd64"),
  /** The longest that one job may run, in minutes. Rolling and ending a service may take that much longer. */
  jobMinutes: z.int().min(1).max(1440).default(60),
});

/** masumi:docker. */
export const dockerSettings = z.strictObject({
  /** The engine, as in DOCKER_HOST; default DOCKER_HOST, else this machine's. */
  host: z
    .string()
    .regex(
      /^(unix:\/\/\/|ssh:\/\/|tcp:\/\/)./,
      "expected an engine's address such as ssh://deploy@agents.example.com",
    )
    .exactOptional(),
  /** The address of the engine's machine that containers' ports are bound to. */
  bind: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" }).default("127.0.0.1"),
  /** What the public reaches; {port} and {id} are each agent's own. */
  url: z
    .string()
    .regex(/^https?:\/\/[^\s]*[^\s/]$/, "expected a URL without a slash at its end")
    .regex(/\{(port|id)\}/, "expected {port} or {id} in it: agents cannot share one URL")
    .default("http://127.0.0.1:{port}"),
  /** What images are built for; default this machine's kind, and linux/amd64 for an engine elsewhere. */
  platform: platform.exactOptional(),
});

/** masumi:documents: the bucket of documents that are too large for an image. Any S3 will do. */
export const documentsSettings = z.strictObject({
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "expected the name of a bucket"),
  /** Of an S3 that is not AWS's, such as https://<ref>.storage.supabase.co/storage/v1/s3. Asked by paths, not host names. */
  endpoint: z
    .url({
      protocol: /^https?$/,
      error: "expected a URL such as https://<ref>.storage.supabase.co/storage/v1/s3",
    })
    .exactOptional(),
  /** Default aws:region. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "expected a region such as eu-central-1")
    .exactOptional(),
  /** What the keys of all objects begin with. */
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, "expected a path without a slash at its ends")
    .exactOptional(),
  /** With which this program reaches the bucket: a profile of the AWS configuration; default aws:profile. */
  profile: z.string().min(1).exactOptional(),
});
export type DocumentsSettings = z.output<typeof documentsSettings>;

/** Whether containers need a key to read the bucket: on AWS, a task has a role. */
export const needsDocumentsKey = (kind: HostingKind, { endpoint }: DocumentsSettings): boolean =>
  kind === "docker" || (kind !== "process" && endpoint !== undefined);

export type AwsSettings = Omit<z.output<typeof awsSettings>, "region"> & {
  /** aws:region, else AWS_REGION or AWS_DEFAULT_REGION. */
  readonly region: string | undefined;
  /** aws:profile; else credentials come from the environment. */
  readonly profile?: string | undefined;
  /** Names of settings that give credentials to the AWS provider alone. */
  readonly credentialSettings?: readonly string[];
};
export type DockerSettings = z.output<typeof dockerSettings>;

/** What of a stack's configuration hostings depend on. */
export interface HostingSettings {
  readonly aws: AwsSettings;
  readonly docker: DockerSettings;
  readonly hasModelApi: boolean;
  readonly hasRuntimeKey: boolean;
  readonly documents: DocumentsSettings | undefined;
  readonly hasDocumentsKey: boolean;
}

/** Whether an engine's address leads to another machine. */
export const isElsewhere = (host: string | undefined): boolean =>
  host !== undefined && !/^unix:|^tcp:\/\/(127\.|localhost\b|\[::1\])/.test(host);

/** What a stack's configuration lacks for a hosting, each with its remedy. */
export function hostingProblems(kind: HostingKind, settings: HostingSettings): string[] {
  const problems: string[] = [];
  if (!settings.hasModelApi) {
    problems.push(
      "masumi:modelApi is missing: crews need an OpenAI-compatible model, such as https://api.openai.com/v1",
    );
  }
  if (kind === "process") return problems;
  if (!settings.hasRuntimeKey) {
    problems.push(
      "masumi:runtimeKey is missing: containers never get masumi:apiKey. Have the payment service's administrator " +
        "make a key that may only pay, limited to the selling wallets, and set it with " +
        "pulumi config set --secret masumi:runtimeKey",
    );
  }
  if (settings.documents) problems.push(...documentsProblems(kind, settings, settings.documents));
  if (kind === "docker") problems.push(...dockerProblems(settings.docker));
  else problems.push(...awsProblems(kind, settings.aws));
  return problems;
}

function documentsProblems(
  kind: HostingKind,
  { hasDocumentsKey, aws }: HostingSettings,
  documents: DocumentsSettings,
): string[] {
  const problems: string[] = [];
  if (!documents.region && !aws.region) {
    problems.push("masumi:documents.region is missing: name the bucket's region, such as eu-central-1");
  }
  if (needsDocumentsKey(kind, documents) && !hasDocumentsKey) {
    problems.push(
      "masumi:documentsKey is missing: containers read the bucket with a key of their own, which may only read. Set it " +
        "with pulumi config set --secret masumi:documentsKey <access key id>:<secret access key>",
    );
  }
  return problems;
}

function dockerProblems({ host, url }: DockerSettings): string[] {
  const problems: string[] = [];
  if (isElsewhere(host) && url.startsWith("http://127.0.0.1:")) {
    problems.push(
      "masumi:docker.url is missing: the engine is on another machine, so say what the public reaches, " +
        "such as https://{id}.agents.example.com",
    );
  }
  if (host?.startsWith("tcp:") && isElsewhere(host)) {
    problems.push(
      "masumi:docker.host: an engine that is reached by plain TCP obeys whoever finds it; use ssh://user@machine",
    );
  }
  return problems;
}

function awsProblems(kind: "ecs-alb" | "ecs-express", aws: AwsSettings): string[] {
  const problems: string[] = [];
  if (!aws.region) problems.push("aws:region is missing: pulumi config set aws:region eu-central-1");
  for (const name of aws.credentialSettings ?? []) {
    problems.push(
      `${name} reaches the AWS provider alone, and rollouts are watched by another: name a profile by aws:profile (its ` +
        "role is taken on), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as pipelines do",
    );
  }
  if ((aws.vpcId === undefined) !== (aws.subnetIds === undefined)) {
    problems.push("masumi:aws.vpcId and masumi:aws.subnetIds belong together: give both, or neither");
  }
  if (kind === "ecs-express") {
    if (aws.spot)
      problems.push("masumi:aws.spot is not available with ecs-express: set it to false, or use ecs-alb");
    if (aws.platform !== "linux/amd64") {
      problems.push(
        `masumi:aws.platform ${aws.platform} is not available with ecs-express: use linux/amd64, or ecs-alb`,
      );
    }
    return problems;
  }
  if (!aws.domain) {
    problems.push(
      "masumi:aws.domain is missing: with ecs-alb agents are reached at https://<id>.<domain>. Name a domain whose " +
        "DNS is in Route 53, or use ecs-express, which needs none",
    );
  }
  if (aws.loadBalancer && aws.certificateArn) {
    problems.push(
      "masumi:aws.certificateArn has no effect beside loadBalancer, whose listener has its own: remove it",
    );
  }
  if (aws.loadBalancer && !aws.vpcId) {
    problems.push(
      "masumi:aws.loadBalancer needs vpcId and subnetIds too: its targets must be in the same network",
    );
  }
  return problems;
}
