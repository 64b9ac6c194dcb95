import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment, ECS, Service } from "@aws-sdk/client-ecs";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { type AwsAccess, ecsClient, refused } from "./clients.ts";
import { EcsError } from "./errors.ts";
import { type Verdict, judge } from "./rollout.ts";
import { type TaskLog, explainStoppedTask } from "./stopped-task.ts";

/** Identifies the deployment to wait for. */
export type Awaited =
  | { readonly taskDefinition: pulumi.Input<string> }
  /** If AWS creates the task definition: the image of its containers, by digest. */
  | { readonly image: pulumi.Input<string> };

export interface EcsRolloutArgs {
  readonly access: AwsAccess;
  readonly agentId: string;
  /** ARN or name. */
  readonly cluster: pulumi.Input<string>;
  /** ARN or name. */
  readonly service: pulumi.Input<string>;
  readonly awaited: Awaited;
  /** Any string that changes with what the service runs: if it changes, the rollout is waited for. */
  readonly revision: pulumi.Input<string>;
  readonly log: { readonly group: pulumi.Input<string>; readonly streamPrefix: string };
  /** How long a rollout may take. */
  readonly minutes: number;
  /** How long a service must stay steady: longer than AWS takes to start a deployment that cannot be identified. */
  readonly steadySeconds: number;
}

/** What the provider receives: resolved values. */
export interface Inputs {
  readonly access: AwsAccess;
  readonly agentId: string;
  readonly cluster: string;
  readonly service: string;
  readonly awaited: { readonly taskDefinition?: string; readonly image?: string };
  readonly revision: string;
  readonly log: TaskLog;
  readonly minutes: number;
  readonly steadySeconds: number;
}

async function describe(ecs: ECS, { cluster, service }: Inputs): Promise<Service> {
  const answer = await ecs
    .describeServices({ cluster, services: [service] })
    .catch((error: unknown) => Promise.reject(refused(error, `to describe the service ${service}`)));
  const [found] = answer.services ?? [];
  if (!found) throw refused(new Error(answer.failures?.[0]?.reason ?? "MISSING"), `the service ${service}`);
  return found;
}

/** Returns a function that recognises the awaited deployment; reads each task definition once. */
function recogniser(ecs: ECS, { awaited }: Inputs) {
  const images = new Map<string, readonly (string | undefined)[]>();
  return async ({ deployments = [] }: Service): Promise<(deployment: Deployment) => boolean> => {
    const { taskDefinition, image } = awaited;
    if (taskDefinition !== undefined) return (deployment) => deployment.taskDefinition === taskDefinition;
    for (const { taskDefinition: arn = "" } of deployments) {
      if (images.has(arn)) continue;
      const { taskDefinition: found } = await ecs
        .describeTaskDefinition({ taskDefinition: arn })
        .catch((error: unknown) => Promise.reject(refused(error, `to describe ${arn}`)));
      images.set(
        arn,
        (found?.containerDefinitions ?? []).map((container) => container.image),
      );
    }
    return (deployment) => images.get(deployment.taskDefinition ?? "")?.includes(image) ?? false;
  };
}

/** Deploys again what failed in an earlier run: nothing else would, because nothing in the program has changed. */
async function beginAgain(ecs: ECS, { cluster, service, awaited }: Inputs): Promise<void> {
  const taskDefinition = awaited.taskDefinition;
  await ecs
    .updateService({ cluster, service, taskDefinition, forceNewDeployment: true })
    .catch((error: unknown) => Promise.reject(refused(error, `to deploy ${taskDefinition} again`)));
}

/** How often to poll, and how long an apparent failure may only be ECS's answer being out of date. */
export interface Pace {
  readonly pauseMs: number;
  readonly unseenMs: number;
}

const PACE: Pace = { pauseMs: 5000, unseenMs: 30_000 };

/**
 * Waits until the service is steady.
 * @throws EcsError ECS_ROLLOUT_FAILED, ECS_ROLLOUT_NOT_STEADY, ECS_REFUSED
 */
export async function awaitSteady(inputs: Inputs, pace = PACE): Promise<void> {
  const { access, agentId, minutes, steadySeconds } = inputs;
  const ecs = await ecsClient(access);
  try {
    const recognise = recogniser(ecs, inputs);
    const end = Date.now() + minutes * 60_000;
    let verdict: Verdict = { state: "going", detail: "it has not been checked" };
    let since = Date.now();
    let mayBeginAgain = inputs.awaited.taskDefinition !== undefined;
    for (let before = ""; Date.now() < end; before = verdict.state, await sleep(pace.pauseMs)) {
      const service = await describe(ecs, inputs);
      verdict = judge(service, await recognise(service));
      if (verdict.state !== before) since = Date.now();
      const lasted = Date.now() - since;
      if (verdict.state === "steady" && lasted >= steadySeconds * 1000) return;
      if (verdict.state === "going") mayBeginAgain = false;
      if (verdict.state !== "failed" || lasted < pace.unseenMs) continue;
      if (!mayBeginAgain) break;
      await beginAgain(ecs, inputs);
      mayBeginAgain = false;
      since = Date.now();
    }
    const why = await explainStoppedTask(ecs, access, inputs, inputs.log);
    throw verdict.state === "failed"
      ? failed(agentId, verdict.reason, why)
      : notSteady(
          agentId,
          minutes,
          verdict.state === "going" ? verdict.detail : "it has only just become steady",
          why,
        );
  } finally {
    ecs.destroy();
  }
}

const failed = (agentId: string, reason: string, why: readonly string[]) =>
  new EcsError(
    "ECS_ROLLOUT_FAILED",
    [`${agentId} did not come up on ECS: ${reason.replace(/\.$/, "")}.`, ...why].join("\n"),
    "Nothing was registered. Fix the cause and deploy again: that restarts a failed rollout.",
  );

const notSteady = (agentId: string, minutes: number, detail: string, why: readonly string[]) =>
  new EcsError(
    "ECS_ROLLOUT_NOT_STEADY",
    [`${agentId} is not steady on ECS after ${minutes} minutes: ${detail}.`, ...why].join("\n"),
    "Deploy again: it resumes waiting. If jobs take longer than this, raise masumi:aws.jobMinutes.",
  );

const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

/** The dynamic provider behind EcsRollout. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const changes = (["cluster", "service", "awaited", "revision"] as const).some((key) =>
      differs(olds[key], news[key]),
    );
    return { changes, replaces: [] };
  },

  async create(inputs: Inputs) {
    await awaitSteady(inputs);
    return { id: inputs.agentId, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    await awaitSteady(news);
    return { outs: news };
  },
};

/**
 * Waits until ECS runs exactly what a service should run, and nothing older; otherwise fails with the stopped task's reason and
 * the last lines of its log. The AWS provider can also wait, but reports neither.
 *
 * A changed revision is waited for in place. Removing this resource does nothing.
 */
export class EcsRollout extends pulumi.CustomResource {
  constructor(name: string, args: EcsRolloutArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:EcsRollout",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.EcsRollout,
      },
      options,
    );
  }
}
