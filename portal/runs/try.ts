import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_ROOT } from "../../providers/common/own-files.ts";
import {
  type PythonEnvironment,
  crewFolder,
  ensurePythonEnvironment,
} from "../../providers/crew-process/local/index.ts";
import type { Environment, Project } from "../../stacks/index.ts";
import type { TryEnd } from "../../stacks/try/events.ts";
import { openModel } from "../../stacks/try/model.ts";
import { placeTriedAgent } from "../../stacks/try/tried-agent.ts";
import { tryFolder } from "../../stacks/try/try-folder.ts";
import { TryProcess } from "../../stacks/try/try-process.ts";
import { UserError } from "../../stacks/user-error.ts";
import { VENV } from "../fleets/project.ts";
import { Places } from "../places.ts";

/** Jobs that are tried at the same time, each a process of some hundred megabytes; nobody keeps all others from trying theirs. */
const places = new Places({ inAll: 2, each: 1 });

/** The agent cannot be tried now; the message says why. */
export class NotNowError extends Error {
  override readonly name = "NotNowError";
}

/** There is no place for it just now. */
export class BusyError extends NotNowError {}

export interface TryRequest {
  /** Who tries it. */
  readonly userId: string;
  readonly project: Project;
  readonly stack: string;
  readonly agentId: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly env: Environment;
}

/** Does one job of an agent on this machine, as `masumi-agents try` does: without the network, without payment. @throws NotNowError */
export async function tryAgent(request: TryRequest, signal: AbortSignal): Promise<TryEnd> {
  const giveBack = places.take(request.userId);
  if (!giveBack) throw new BusyError("Other agents are being tried just now. Try again in a minute.");
  try {
    return await doJob(request, signal);
  } finally {
    giveBack();
  }
}

async function doJob(
  { project, stack, agentId, input, env }: TryRequest,
  signal: AbortSignal,
): Promise<TryEnd> {
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(PACKAGE_ROOT),
    venv: VENV,
  });
  const placed = await place(project, environment, { stack, agentId });
  const model = await openModel(project, { stack, agentId, wanted: undefined }, { env, signal });
  const data = join(tryFolder(project, agentId), "data");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const runtime = new TryProcess(environment.python, data, env);
  try {
    const { api, key, name } = model;
    const job = { declaration: placed.declaration, input, model: { api, key, name } };
    // Nobody is there to answer a crew's questions, so one that asks is ended.
    const listener = { onEvent: () => undefined, answer: () => Promise.resolve(undefined) };
    return await runtime.run(job, listener, signal);
  } finally {
    await runtime.close();
    await model.close();
  }
}

async function place(
  project: Project,
  environment: PythonEnvironment,
  wanted: { readonly stack: string; readonly agentId: string },
) {
  try {
    const placed = await placeTriedAgent(project, environment, wanted, () => undefined);
    if ("agent" in placed) return placed;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  throw new NotNowError("The agent is not deployed yet, so there is nothing to try. Try again when it is.");
}
