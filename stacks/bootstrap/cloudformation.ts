import { setTimeout as sleep } from "node:timers/promises";
import type { CloudFormation, ResourceChange, Stack } from "@aws-sdk/client-cloudformation";
import { cloudFormationClient } from "../../providers/ecs/clients.ts";
import { BootstrapError } from "./errors.ts";
import type { Foundation } from "./foundation.ts";
import { templateOf } from "./template.ts";

/** A resource that is made, changed or removed. */
export interface Change {
  readonly action: string;
  /** Its name in the template. */
  readonly id: string;
  readonly type: string;
  /** Whether it is made anew. */
  readonly isReplaced: boolean;
}

export type Outputs = Readonly<Partial<Record<string, string>>>;

/** What applying a template would change, until it is carried out or dropped. */
export interface Proposal {
  readonly changes: readonly Change[];
  /** Carries it out, and returns the outputs. @throws BootstrapError BOOTSTRAP_FAILED, BOOTSTRAP_REFUSED */
  carryOut(): Promise<Outputs>;
  /** Leaves everything as it is. */
  drop(): Promise<void>;
}

/** Returns what CloudFormation would change to make what a stack needs. @throws BootstrapError BOOTSTRAP_REFUSED, BOOTSTRAP_FAILED */
export async function propose(foundation: Foundation): Promise<Proposal> {
  const { region, profile, name } = foundation;
  const client = await cloudFormationClient({ region, ...(profile === undefined ? {} : { profile }) });
  const before = await stackCalled(client, name);
  refuseUnlessReady(before, name);
  // A stack that was proposed and never made has no resources: it is there for its proposals alone.
  const isNew = before === undefined || before.StackStatus === "REVIEW_IN_PROGRESS";
  const { changeSet, stack, changes } = await proposed(client, {
    name,
    isNew,
    template: templateOf(foundation),
  });
  const drop = async () => {
    // Somebody else may have made it meanwhile.
    const isUnmade = isNew && (await stackCalled(client, stack))?.StackStatus === "REVIEW_IN_PROGRESS";
    await ask("to drop the proposal", () =>
      isUnmade
        ? client.deleteStack({ StackName: stack })
        : client.deleteChangeSet({ ChangeSetName: changeSet, StackName: stack }),
    );
  };
  if (changes.length === 0) {
    await drop();
    return { changes, drop: () => Promise.resolve(), carryOut: () => Promise.resolve(outputsOf(before)) };
  }
  return {
    changes,
    drop,
    async carryOut() {
      const begun = new Date();
      await ask("to carry out the proposal", () =>
        client.executeChangeSet({ ChangeSetName: changeSet, StackName: stack }),
      );
      return outputsOf(await settled(client, stack, begun));
    },
  };
}

/** Asks AWS; its refusal becomes one that says what to do. */
async function ask<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { name, message } = error as Error;
    throw new BootstrapError(
      "BOOTSTRAP_REFUSED",
      `AWS refused ${what}: ${name}: ${message}`,
      "Log in as an administrator (aws sso login, AWS_PROFILE): CloudFormation, IAM, KMS and S3 are used.",
      { cause: error },
    );
  }
}

/** @param name or id, which also finds a stack that was deleted */
async function stackCalled(client: CloudFormation, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks = [] } = await ask("to show the stack", () => client.describeStacks({ StackName: name }));
    return Stacks[0];
  } catch (error) {
    if (error instanceof BootstrapError && error.message.includes("does not exist")) return undefined;
    throw error;
  }
}

function refuseUnlessReady(stack: Stack | undefined, name: string): void {
  const { StackStatus: status = "" } = stack ?? {};
  if (status.endsWith("_IN_PROGRESS") && status !== "REVIEW_IN_PROGRESS") throw busy(name, status);
  if (!/^(ROLLBACK_|CREATE_FAILED|DELETE_FAILED|UPDATE_ROLLBACK_FAILED)/.test(status)) return;
  throw new BootstrapError(
    "BOOTSTRAP_REFUSED",
    `CloudFormation's stack ${name} is ${status}, and cannot be updated.`,
    `See why in its events, then delete it: aws cloudformation delete-stack --stack-name ${name}`,
  );
}

const busy = (name: string, status: string) =>
  new BootstrapError(
    "BOOTSTRAP_REFUSED",
    `CloudFormation is still changing the stack ${name} (${status}).`,
    "Wait until it has ended, and run this again.",
  );

/** What CloudFormation says if a stack is as its template has it already. */
const UNCHANGED = /didn't contain changes|No updates are to be performed/;

interface Wanted {
  readonly name: string;
  readonly isNew: boolean;
  readonly template: string;
}

async function proposed(client: CloudFormation, { name, isNew, template }: Wanted) {
  const { Id: changeSet = "", StackId: stack = name } = await ask("to propose the changes", () =>
    client.createChangeSet({
      StackName: name,
      ChangeSetName: `masumi-agents-${Date.now()}`,
      ChangeSetType: isNew ? "CREATE" : "UPDATE",
      TemplateBody: template,
      Capabilities: ["CAPABILITY_NAMED_IAM"],
      // What could not be made would only be in the way of the next try.
      ...(isNew ? { OnStackFailure: "DELETE" } : {}),
    }),
  );
  return looking(name, async () => {
    const {
      Status: status = "",
      StatusReason: reason = "",
      Changes = [],
    } = await ask("to show the proposal", () =>
      client.describeChangeSet({ ChangeSetName: changeSet, StackName: stack }),
    );
    if (status === "FAILED" && !UNCHANGED.test(reason)) throw failure(name, reason);
    if (status !== "CREATE_COMPLETE" && status !== "FAILED") return status;
    return { changeSet, stack, changes: Changes.flatMap(({ ResourceChange: change }) => changesOf(change)) };
  });
}

const changesOf = (change: ResourceChange | undefined): Change[] =>
  change === undefined
    ? []
    : [
        {
          action: change.Action ?? "",
          id: change.LogicalResourceId ?? "",
          type: change.ResourceType ?? "",
          isReplaced: change.Replacement !== undefined && change.Replacement !== "False",
        },
      ];

/** Waits until CloudFormation has ended. @throws BootstrapError BOOTSTRAP_FAILED with every resource that could not be made */
async function settled(client: CloudFormation, id: string, begun: Date): Promise<Stack> {
  return looking(id, async () => {
    const stack = await stackCalled(client, id);
    const status = stack?.StackStatus ?? "DELETE_COMPLETE";
    if (stack && /^(CREATE|UPDATE)_COMPLETE(_CLEANUP_IN_PROGRESS)?$/.test(status)) return stack;
    if (status.endsWith("_IN_PROGRESS")) return status;
    throw failure(id, (await reasons(client, id, begun)) || status);
  });
}

async function reasons(client: CloudFormation, id: string, begun: Date): Promise<string> {
  const { StackEvents = [] } = await ask("to show what happened", () =>
    client.describeStackEvents({ StackName: id }),
  );
  return StackEvents.filter(
    ({ ResourceStatus = "", Timestamp = begun }) => ResourceStatus.endsWith("_FAILED") && Timestamp >= begun,
  )
    .map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`)
    .toReversed()
    .join("\n");
}

const failure = (name: string, reason: string) =>
  new BootstrapError(
    "BOOTSTRAP_FAILED",
    `CloudFormation failed and rolled back its changes to ${name}:\n${reason}`,
    "Correct that and run this again. If something exists already: an account has GitHub's OIDC provider once, which " +
      "--existing-provider takes; --bucket gives the bucket another name.",
  );

const LOOKS = { firstMs: 200, growth: 1.5, longestMs: 5000, deadlineMs: 30 * 60_000 } as const;

/** Looks until there is more to say than a status. @throws BootstrapError BOOTSTRAP_REFUSED after half an hour */
async function looking<T extends object>(name: string, look: () => Promise<T | string>): Promise<T> {
  const deadline = Date.now() + LOOKS.deadlineMs;
  for (let pause: number = LOOKS.firstMs; ; pause = Math.min(pause * LOOKS.growth, LOOKS.longestMs)) {
    const seen = await look();
    if (typeof seen !== "string") return seen;
    if (Date.now() > deadline) throw busy(name, seen);
    await sleep(pause);
  }
}

const outputsOf = (stack: Stack | undefined): Outputs =>
  Object.fromEntries(
    (stack?.Outputs ?? []).map(({ OutputKey = "", OutputValue }) => [OutputKey, OutputValue]),
  );
