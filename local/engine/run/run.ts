import { availableParallelism } from "node:os";
import { EngineError, messageOf } from "../errors.ts";
import { ProviderTrust } from "../providers/provider-trust.ts";
import { findSdk } from "../stack/sdk.ts";
import { Reporter } from "../reporter.ts";
import { Session, type SessionOptions } from "./session.ts";
import {
  type ConfiguredStack,
  decodeState,
  locateStack,
  openConfiguration,
  type OpenStack,
  rootUrn,
} from "../stack/stack.ts";
import type { ConfigValue } from "../stack/stack-config.ts";
import { StackLock } from "../state/lock.ts";
import type { ResourceState } from "../state/resource.ts";
import { PendingCreations } from "./pending.ts";
import { Snapshot } from "../state/snapshot.ts";
import type { Operation, RunOptions, RunResult } from "../types.ts";
import { makeSecret, type PropertyMap } from "../values.ts";

/**
 * Runs the program and makes the stack match it. Does not throw when something in the run fails: the result says so.
 * With `refresh` the state is compared with the outside world first.
 */
export const up = (options: RunOptions): Promise<RunResult> => run("up", options);

/** Shows what `up` would do. Changes nothing, neither outside nor in the state. */
export const preview = (options: RunOptions): Promise<RunResult> => run("preview", options);

/** Reads every resource and updates the state to match. Does not run the program. */
export const refresh = (options: RunOptions): Promise<RunResult> => run("refresh", options);

/** Deletes every resource of the stack. Does not run the program: providers get the configuration that the state holds. */
export const destroy = (options: RunOptions): Promise<RunResult> => run("destroy", options);

/** As the CLI: four steps at a time for each core. */
const STEPS_PER_CORE = 4;

interface Outcome {
  readonly ok: boolean;
  /** The outputs of the stack, before and after. */
  readonly before: PropertyMap;
  readonly after: PropertyMap;
}

async function run(operation: Operation, options: RunOptions): Promise<RunResult> {
  const reporter = new Reporter(operation, options.onEvent);
  let outcome: Outcome = { ok: false, before: {}, after: {} };
  try {
    const { project, backend } = await locateStack(options);
    reporter.start(project.name, options.stack);
    outcome =
      operation === "preview"
        ? await runOn(await openConfiguration(options), operation, options, reporter)
        : await runLocked(backend.lockFolder, operation, options, reporter);
  } catch (error) {
    reporter.error(messageOf(error));
  }
  if (!outcome.ok) {
    const what = operation === "up" ? "update" : operation;
    reporter.error(`${what} ${options.signal?.aborted === true ? "canceled" : "failed"}`);
  }
  return reporter.end(outcome.ok, outcome.before, outcome.after);
}

/** The state is read only when the lock is ours: before that it may change. */
async function runLocked(
  lockFolder: string,
  operation: Operation,
  options: RunOptions,
  reporter: Reporter,
): Promise<Outcome> {
  const lock = await StackLock.acquire(lockFolder, (message) => reporter.warning(message));
  try {
    return await runOn(await openConfiguration(options), operation, options, reporter);
  } finally {
    await lock.release();
  }
}

async function runOn(
  configured: ConfiguredStack,
  operation: Operation,
  run: RunOptions,
  reporter: Reporter,
): Promise<Outcome> {
  const config = configured.config.values(configured.configCrypter);
  for (const { value, secret } of config) if (secret) reporter.learnSecrets(makeSecret(value));
  refuse(run, config);
  const sdk = findSdk(configured.project);
  const trust = new ProviderTrust(run.trustsProvider);
  const parallel = run.parallel ?? STEPS_PER_CORE * availableParallelism();
  const session = new Session({ operation, run, parallel, stack: configured, config, sdk, trust, reporter });
  const pending = new PendingCreations(run);
  let ok = false;
  let before: PropertyMap;
  let snapshot: Snapshot;
  try {
    session.begin();
    // Without a pause, in which the processes could print a secret that only the state tells.
    const stack = decodeState(configured);
    const { resources, pendingOperations } = stack.deployment;
    for (const { inputs, outputs } of resources) reporter.learnSecrets([inputs, outputs]);
    // A refresh and a destroy call every resource's provider before any program could bring its code, or without one.
    if (operation === "refresh" || operation === "destroy" || (operation === "up" && run.refresh === true))
      trust.checkAll(resources);
    before = stackOutputsOf(stack, resources);
    snapshot = startSnapshot({ stack, operation, run, parallel }, pending, sdk.version);
    pending.warnBefore(operation, pendingOperations, reporter);
    ok = await session.execute({ resources, snapshot });
  } finally {
    await session.close(ok);
  }
  pending.warnAfter(operation, snapshot.pendingOperations, reporter);
  const after =
    operation === "preview"
      ? (session.stackOutputs ?? before)
      : stackOutputsOf(configured, snapshot.resources());
  return { ok, before, after };
}

interface SnapshotStart extends Pick<SessionOptions, "operation" | "run" | "parallel"> {
  readonly stack: OpenStack;
}

function startSnapshot(
  { stack, operation, run, parallel }: SnapshotStart,
  pending: PendingCreations,
  sdkVersion: string,
): Snapshot {
  const { backend, codec, crypter, deployment } = stack;
  const isCleared = operation === "refresh" && run.clearPendingCreates === true;
  const open = isCleared ? [] : pending.open(deployment.pendingOperations, deployment.resources);
  const snapshot = new Snapshot(
    { ...deployment, pendingOperations: open },
    {
      backend,
      codec,
      salt: crypter.salt,
      sdkVersion,
      settles: (created) => pending.settledBy(created),
      parallel,
    },
  );
  if (open.length < deployment.pendingOperations.length) snapshot.touch();
  return snapshot;
}

function refuse(options: RunOptions, config: readonly ConfigValue[]): void {
  const visible = Object.fromEntries(
    config.map(({ key, value, secret }) => [key, secret ? "[secret]" : value]),
  );
  const reason = options.refuse?.(visible);
  if (reason !== undefined) throw new EngineError("STACK_REFUSED", reason);
}

function stackOutputsOf(stack: ConfiguredStack, resources: readonly ResourceState[]): PropertyMap {
  return resources.find(({ urn, delete: deleted }) => urn === rootUrn(stack) && !deleted)?.outputs ?? {};
}
