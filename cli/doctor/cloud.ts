import { Resolver } from "node:dns/promises";
import type { StackConfig } from "../../infra/config.ts";
import { isLoopbackUrl } from "../../providers/common/loopback.ts";
import { type Agent, hostedBy } from "../../infra/declarations/index.ts";
import { HOSTINGS, type HostingKind, type SharedPlace, placeTraits } from "../../infra/hosting/traits.ts";
import { type Verdict, fail, ok, skip, warn } from "./finding.ts";

const ANSWERS_WITHIN_MS = 15_000;

/** A stack's settings, and its agents. */
export interface StackToHost {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
}

/** The hostings that run agents of the stack. */
const hostingsOf = ({ agents }: Pick<StackToHost, "agents">): HostingKind[] =>
  HOSTINGS.filter((kind) => hostedBy(kind, agents).length > 0);

/** Whether agents need neither Docker nor a cloud, whatever the stack's settings are. */
export const areProcesses = (agents: readonly Agent[]): boolean =>
  hostingsOf({ agents }).every((kind) => kind === "process");

/** `hosting process needs no Docker`, for whatever the stack's hostings do without. */
export function notNeeded(stack: Pick<StackToHost, "agents">, what: string): Verdict[] {
  const kinds = hostingsOf(stack);
  if (kinds.length === 0) return [skip(`no agent of this stack is hosted by it, so it needs no ${what}`)];
  return [skip(`hosting ${kinds.join(" and ")} ${kinds.length > 1 ? "need" : "needs"} no ${what}`)];
}

/** Whether what the stack's crews use of the model in a day has a limit. */
export function checkTokens(stack: StackToHost): Verdict[] {
  if (hostingsOf(stack).length === 0) {
    return [skip("no agent of this stack is hosted by it, so none uses its model")];
  }
  const { dailyTokens, modelApi = "" } = stack.config;
  if (dailyTokens !== undefined) return [ok(`each agent may use ${dailyTokens} tokens of the model a day`)];
  if (isLoopbackUrl(modelApi)) return [skip("the model is on this machine")];
  return [
    warn(
      "nothing limits what a day costs: whoever reaches a free agent can make it use the model all day",
      `npx masumi-agents config set -s ${stack.config.stack} masumi:dailyTokens <tokens that each agent may use in a day>`,
    ),
  ];
}

/** Whether the Docker engines answer that build the stack's images, or run its containers. */
export async function checkDocker(stack: StackToHost): Promise<Verdict[]> {
  const engines = new Set(hostingsOf(stack).flatMap((kind) => engineOf(kind, stack) ?? []));
  if (engines.size === 0) return notNeeded(stack, "Docker");
  return Promise.all([...engines].map(askDocker));
}

/** The engine that a hosting uses for these agents, as in DOCKER_HOST; undefined if none. */
function engineOf(kind: HostingKind, { config, agents }: StackToHost): string | undefined {
  const { dockerEngine } = placeTraits(kind, config);
  return usesEngine(kind, { settings: config, agents }) ? dockerEngine?.address(config) : undefined;
}

/** Whether a hosting builds images of these agents, or runs them in a Docker engine. */
export function usesEngine(
  kind: HostingKind,
  { settings, agents }: { readonly settings: SharedPlace; readonly agents: readonly Agent[] },
): boolean {
  const { dockerEngine } = placeTraits(kind, settings);
  if (!dockerEngine) return false;
  const builds = hostedBy(kind, agents).some(({ source }) => source.kind !== "image");
  return builds || dockerEngine.runsCrews;
}

async function askDocker(host: string): Promise<Verdict> {
  const { askEngine } = await import("../../providers/docker/engine.ts");
  try {
    const request = { method: "GET", path: "/version", timeoutMs: ANSWERS_WITHIN_MS } as const;
    const { status, body } = await askEngine(host, request);
    const { Version, Os, Arch } = JSON.parse(body.toString()) as Partial<Record<string, string>>;
    if (status === 200 && Version) return ok(`Docker ${Version}, ${Os}/${Arch}${host && `, at ${host}`}`);
    return fail(`what answers at ${host || "the engine's address"} is no Docker engine`, CHECK_HOST);
  } catch (error) {
    const [what = "", remedy = CHECK_HOST] = (error as Error).message.split("\n");
    return fail(what, remedy);
  }
}

const CHECK_HOST = "check masumi:docker.host or DOCKER_HOST";

/** Whether AWS takes the credentials, and which account they are of. */
export async function checkAws(stack: StackToHost): Promise<Verdict[]> {
  if (!hostingsOf(stack).some((kind) => placeTraits(kind, stack.config).cloud === "aws"))
    return notNeeded(stack, "AWS");
  const { region, profile } = stack.config.aws;
  if (!region) return [skip("aws:region is missing")];
  const where = `${region}${profile ? ` with profile ${profile}` : ""}`;
  const { ecsClient } = await import("../../providers/ecs/clients.ts");
  const client = await ecsClient({ region, ...(profile ? { profile } : {}) });
  try {
    // Any request would do; this one needs few permissions, and its answer contains the account.
    const answer = await within(
      ANSWERS_WITHIN_MS,
      client.describeClusters({}, { abortSignal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }),
    );
    const arn = answer.clusters?.[0]?.clusterArn ?? answer.failures?.[0]?.arn ?? "";
    return [ok(`account ${arn.split(":")[4] || "unknown"} in ${where}`)];
  } catch (error) {
    return [judgeAwsError(error, where)];
  } finally {
    client.destroy();
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function judgeAwsError(error: unknown, where: string): Verdict {
  const { name, message } = error as Error;
  const said = `${name}: ${message}`;
  if (name.startsWith("AccessDenied")) {
    return warn(
      `AWS takes the credentials in ${where}, but they may not call ecs:DescribeClusters`,
      "compare their permissions with docs/operations.md",
    );
  }
  if (/^Credentials|Token|Signature|^UnrecognizedClient|^InvalidClientTokenId/.test(name)) {
    return fail(
      `AWS credentials for ${where}: ${said}`,
      "log in (aws sso login), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or set aws:profile",
    );
  }
  return fail(`AWS does not answer in ${where}: ${said}`, "check aws:region and this machine's network");
}

const DNS = { timeout: 3000, tries: 2 };

/** Whether the public finds the zone of the agents' domain, and in Route 53; `servers` as in node:dns. */
export async function checkZone(stack: StackToHost, servers?: readonly string[]): Promise<Verdict[]> {
  const zones = hostingsOf(stack).flatMap(
    (kind) => placeTraits(kind, stack.config).hostedZone?.(stack.config) ?? [],
  );
  const [zone] = zones;
  if (zone === undefined) return notNeeded(stack, "hosted zone");
  const resolver = new Resolver(DNS);
  if (servers) resolver.setServers(servers);
  try {
    return [judgeNameServers(zone, await resolver.resolveNs(zone))];
  } catch (error) {
    return [judgeDnsError(zone, (error as NodeJS.ErrnoException).code ?? "unknown")];
  }
}

function judgeNameServers(zone: string, servers: readonly string[]): Verdict {
  const [first = "none"] = servers.toSorted();
  if (servers.some((server) => /\.awsdns-\d+\./.test(server))) return ok(`${zone} is in Route 53 (${first})`);
  return warn(
    `the name servers of ${zone} (${first}) do not look like Route 53's, where the agents' names are written`,
    "delegate the zone to the name servers that Route 53 shows for it",
  );
}

function judgeDnsError(zone: string, code: string): Verdict {
  if (code === "ENOTFOUND" || code === "ENODATA") {
    return fail(
      `the public DNS knows no zone ${zone}, so neither a certificate could be validated nor an agent reached`,
      "create the hosted zone in Route 53 and delegate it, or name the zone that contains the domain in masumi:aws.zone",
    );
  }
  return warn(`the name servers of ${zone} could not be determined (${code})`, "check this machine's DNS");
}
