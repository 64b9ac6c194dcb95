import {
  MasumiError,
  type Network,
  RefusedError,
  SettingsError,
} from "../../providers/masumi/service/index.ts";
import { RegistryClient, type RegistryService } from "../../stacks/registry/client.ts";
import { registryServiceOf } from "../../stacks/registry/of-stack.ts";
import type { Environment, Project } from "../../stacks/project.ts";
import { type Verdict, fail, ok, skip, warn } from "./finding.ts";

const WITHIN_MS = 10_000;
const SETTING = "masumi:registryServiceUrl";
const OTHER: Readonly<Record<Network, Network>> = { Preprod: "Mainnet", Mainnet: "Preprod" };

/** Whether the network's registry service, where the stack names one, answers, accepts the key and lists agents of the stack's network. */
export async function checkRegistry(project: Project, stack: string, env: Environment): Promise<Verdict[]> {
  const service = await registryServiceOf(project, stack, { env });
  if (service === undefined) return [skip(`this stack names no registry service (${SETTING})`)];
  // Such as a key that only Pulumi can read.
  if (typeof service === "string") return [skip(service)];
  try {
    return [await judge(service)];
  } catch (error) {
    if (error instanceof MasumiError) return [refusal(error)];
    throw error;
  }
}

/** @throws MasumiError */
async function judge(service: RegistryService): Promise<Verdict> {
  const { url, network } = service;
  const client = new RegistryClient(service);
  const signal = AbortSignal.timeout(WITHIN_MS);
  try {
    const askedAt = performance.now();
    const isListed = await client.listsAny(signal);
    const tookMs = Math.round(performance.now() - askedAt);
    if (isListed) return ok(`${url} accepts the key and lists agents of ${network} (${tookMs} ms)`);
    const other = OTHER[network];
    return (await client.listsAny(signal, other))
      ? fail(
          `${url} lists agents of ${other}, and none of ${network}, which this stack is on`,
          `have ${SETTING} name a registry service of ${network}`,
        )
      : warn(
          `${url} accepts the key, and lists no agent of any network`,
          `check ${SETTING}, unless the service is new: it lists agents once it has read them from the chain`,
        );
  } catch (error) {
    if (signal.aborted) return unanswered(`${url} did not answer within ${WITHIN_MS / 1000} s`);
    throw error;
  }
}

/** No up depends on it. */
const unanswered = (what: string): Verdict =>
  warn(what, `see whether the registry service runs, and ${SETTING} is its address; up does without it`);

function refusal(error: MasumiError): Verdict {
  const said = error.serviceMessage ? ` It says: ${error.serviceMessage}` : "";
  // Its code's remedy is about the payment service.
  const what = `${error.what}${said}`;
  if (error instanceof SettingsError) return fail(what, `have ${SETTING} name an https address`);
  if (error.status === 401 || error.status === 403) {
    return fail(
      what,
      "set MASUMI_REGISTRY_KEY, or the secret masumi:registryKey of a local stack, to a key of this registry service",
    );
  }
  const isAnother = error.code.startsWith("ANSWER_") && error.code !== "ANSWER_LOST";
  const isRefused = error instanceof RefusedError && error.code !== "RATE_LIMITED";
  if (!isAnother && !isRefused) return unanswered(what);
  return fail(what, `check ${SETTING}: it is a registry service's base URL, and ends in /api/v1`);
}
