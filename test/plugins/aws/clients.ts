import { setTimeout as sleep } from "node:timers/promises";

/** With which AWS's emulator is asked: each client is loaded when it is used first. */
export type Aws = ReturnType<typeof clientsOf>;

const CONNECT_MS = 5000;
const ANSWER_MS = 30_000;
const PAUSE_MS = 500;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/**
 * The plugin's clients, for the emulator that AWS_ENDPOINT_URL names.
 * @throws if it names none on this machine: this plugin never reaches AWS itself
 */
export function connect({ region }: { readonly region: string }): Aws {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  if (!endpoint || !LOOPBACK.test(new URL(endpoint).hostname)) {
    throw new Error("the plugin aws of the tests works on an emulator of this machine: set AWS_ENDPOINT_URL");
  }
  return clientsOf({ endpoint, region });
}

export interface EmulatorAccess {
  readonly endpoint: string;
  readonly region: string;
  /** Without them, those of the environment. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function clientsOf(access: EmulatorAccess) {
  const { region, endpoint } = access;
  const settings = {
    ...access,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
  };
  return {
    region,
    /** Where the emulator's registry is reached by Docker, which takes names of this machine without TLS. */
    registry: `localhost:${new URL(endpoint).port}`,
    acm: once(async () => new (await import("@aws-sdk/client-acm")).ACM(settings)),
    ec2: once(async () => new (await import("@aws-sdk/client-ec2")).EC2(settings)),
    ecr: once(async () => new (await import("@aws-sdk/client-ecr")).ECR(settings)),
    ecs: once(async () => new (await import("@aws-sdk/client-ecs")).ECS(settings)),
    elb: once(
      async () =>
        new (await import("@aws-sdk/client-elastic-load-balancing-v2")).ElasticLoadBalancingV2(settings),
    ),
    iam: once(async () => new (await import("@aws-sdk/client-iam")).IAM(settings)),
    logs: once(async () => new (await import("@aws-sdk/client-cloudwatch-logs")).CloudWatchLogs(settings)),
    route53: once(async () => new (await import("@aws-sdk/client-route-53")).Route53(settings)),
    secrets: once(async () => new (await import("@aws-sdk/client-secrets-manager")).SecretsManager(settings)),
    ssm: once(async () => new (await import("@aws-sdk/client-ssm")).SSM(settings)),
    sts: once(async () => new (await import("@aws-sdk/client-sts")).STS(settings)),
  };
}

/** What AWS has to tell of everything that it makes. */
export function told<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`AWS does not tell ${what}`);
  return value;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && /NotFound|NoSuch|DoesNotExist/.test(error.name);

/** The answer, or undefined where AWS says that there is no such thing. */
export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/**
 * Looks until it is so.
 * @throws when the signal ends it
 */
export async function until(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await isSo())) await sleep(PAUSE_MS, undefined, { signal });
}
