import { requirePackages } from "../common/optional-packages.ts";
import { EcsError } from "./errors.ts";

/** Region and credentials, which come from the environment or from the profile. */
export interface AwsAccess {
  readonly region: string;
  /** A profile of the shared configuration files. */
  readonly profile?: string;
}

const CONNECT_MS = 5000;
const ANSWER_MS = 30_000;
const ATTEMPTS = 5;

const settings = ({ region, profile }: AwsAccess) => ({
  region,
  ...(profile ? { profile } : {}),
  maxAttempts: ATTEMPTS,
  requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
});

// Loaded on use: a provider host that rolls out nothing does not need a hundred more modules.

export async function ecsClient(access: AwsAccess) {
  requirePackages("ECS", ["@aws-sdk/client-ecs"]);
  const { ECS } = await import("@aws-sdk/client-ecs");
  return new ECS(settings(access));
}

export async function logsClient(access: AwsAccess) {
  requirePackages("ECS", ["@aws-sdk/client-cloudwatch-logs"]);
  const { CloudWatchLogs } = await import("@aws-sdk/client-cloudwatch-logs");
  return new CloudWatchLogs(settings(access));
}

export async function ecrClient(access: AwsAccess) {
  requirePackages("ECS", ["@aws-sdk/client-ecr"]);
  const { ECR } = await import("@aws-sdk/client-ecr");
  return new ECR(settings(access));
}

export async function cloudFormationClient(access: AwsAccess) {
  requirePackages("bootstrap aws --apply", ["@aws-sdk/client-cloudformation"]);
  const { CloudFormation } = await import("@aws-sdk/client-cloudformation");
  return new CloudFormation(settings(access));
}

/** Returns AWS's name of an error, for example AccessDeniedException. */
export const awsErrorName = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

/** Returns an error of AWS as one that says what to do. */
export function refused(error: unknown, request: string): EcsError {
  const text = error instanceof Error ? error.message : String(error);
  return new EcsError(
    "ECS_REFUSED",
    `AWS refused ${request}: ${awsErrorName(error)}: ${text}`,
    "Check the credentials, aws:region and aws:profile of this run, and its permissions (docs/operations.md lists them).",
  );
}
