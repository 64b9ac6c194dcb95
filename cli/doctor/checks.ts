import type { StackConfig } from "../../infra/config.ts";
import { whatRuns } from "../../infra/crews/what-runs.ts";
import { type Agent, processesOf } from "../../infra/declarations/index.ts";
import {
  type Problem,
  examineSurveyed,
  expectedUrls,
  rightsProblem,
  survey,
} from "../../infra/fleet/index.ts";
import { FORGET } from "../../providers/masumi/service/index.ts";
import { judgeStackFiles } from "../../stacks/agents.ts";
import { type Project, isLocalStack, requireStackFile } from "../../stacks/project.ts";
import { type OpenedService, openService } from "../../stacks/read-stack.ts";
import { SANDBOX_OFF, sandboxIsOff } from "../../stacks/local/sandbox-off.ts";
import { registrationsInState } from "../../stacks/state-ids.ts";
import { count, printProgress } from "../text.ts";
import { type Check, type Verdict, fail, ok, skip } from "./finding.ts";
import {
  type StackToHost,
  areProcesses,
  checkAws,
  checkDocker,
  checkTokens,
  checkZone,
  notNeeded,
} from "./cloud.ts";
import { checkStored } from "./documents.ts";
import { askHealth } from "./health.ts";
import { checkLedger } from "./ledger.ts";
import { checkDatabase, checkRecords, checkRuntimeKeys } from "./keys.ts";
import { checkRegistry } from "./registry.ts";
import { checkAgents, checkNode, checkPorts, checkPython, checkParallel } from "./machine.ts";
import { checkPlugins } from "./plugins.ts";
import { checkBackend, checkPulumi } from "./pulumi.ts";
import { checkSafeguards } from "./safeguards.ts";
import { judgeFunds, judgeKey, judgePlan, judgeRelease, judgeSources, judgeWallet } from "./service.ts";

const TIMEOUT_MS = 10_000;

/** `work`, done when it is first asked for, and only once. */
function once<T>(work: () => T | Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  // An async function, so that a throw is a rejection for everybody who asks.
  return () => (result ??= (async () => work())());
}

const succeeds = (work: () => Promise<unknown>): Promise<boolean> =>
  work().then(
    () => true,
    () => false,
  );

/** What a check builds on, and why it is skipped without that. */
type Ground = readonly [needed: () => Promise<unknown>, reason: string];

/** A check that makes sense only when others found nothing wrong; they say what. */
const after = (grounds: readonly Ground[], name: string, look: () => Promise<readonly Verdict[]>): Check => ({
  name,
  async look() {
    for (const [needed, reason] of grounds) if (!(await succeeds(needed))) return [skip(reason)];
    return look();
  },
});

/** What doctor looks at beside the payment service that a local stack's run fails without, as problems of its plan. */
export async function problemsHere(stack: string, hosted: StackToHost): Promise<Problem[]> {
  if (!isLocalStack(stack)) return [];
  const plugins = checkPlugins({ stack, agents: hosted.agents, settings: hosted.config }, process.env);
  const verdicts = [...plugins, ...(await checkDocker(hosted))];
  return verdicts
    .filter(({ status }) => status === "fail")
    .map(({ message, remedy }) => ({
      code: "HOSTING_REFUSED",
      message: `HOSTING_REFUSED: ${message} ${remedy}`,
    }));
}

/** Everything that doctor looks at, in the order in which it is shown. */
export function checksOf(project: Project, stack: string): Check[] {
  // What is wrong with the stack's settings is theirs to say, and no reason not to look at the files.
  const loaded = once(() => judgeStackFiles(project, stack, { env: process.env }));
  const hasFile = async () => requireStackFile(project, stack);
  const agents = once(async () => {
    const { agents, complaints } = await loaded();
    if (complaints.length > 0) throw new Error("the declarations are wrong");
    return agents;
  });
  const runsNoCrewHere = async () => {
    const known: readonly Agent[] | undefined = await agents().catch(() => undefined);
    return known !== undefined && processesOf(known).length === 0;
  };
  const switchedOn = once(async () => {
    if (!(await succeeds(hasFile))) return;
    // What listens at its port, but says nothing, is the settings' to report.
    if (await sandboxIsOff(project, stack).catch(() => false)) throw new Error(SANDBOX_OFF);
  });
  const opened = once(async () => {
    requireStackFile(project, stack);
    await switchedOn();
    return openService(project, stack, { env: process.env, timeoutMs: TIMEOUT_MS, onSlow: printProgress });
  });
  return [
    { name: "Node", look: () => [checkNode(process.versions.node)] },
    {
      name: "Python",
      look: async () => [
        (await runsNoCrewHere())
          ? skip("no crew of this stack is a process of this machine, so none needs Python here")
          : await checkPython(project, process.env),
      ],
    },
    after([[hasFile, "the stack has no file"]], "agents", async () => [checkAgents(stack, await loaded())]),
    ...serviceChecks(project, stack, { switchedOn, opened, agents }),
    after([[agents, "agents/ is not valid"]], "ports", async () =>
      checkPorts(project, stack, await agents()),
    ),
    after([[hasFile, "the stack has no file"]], "registry service", () =>
      checkRegistry(project, stack, process.env),
    ),
    { name: "parallel steps", look: () => [checkParallel(project, stack, process.env)] },
    { name: "Pulumi", look: async () => [await checkPulumi(stack)] },
    { name: "state backend", look: async () => [await checkBackend(project, stack)] },
    ...hostingChecks(project, { switchedOn, opened, agents }),
  ];
}

type Agents = () => Promise<readonly Agent[]>;

/** What is read of a stack, each once, by whichever check needs it first. */
interface Looks {
  /** Fails if the stack's payment service is a sandbox that does not run. */
  readonly switchedOn: () => Promise<void>;
  readonly opened: () => Promise<OpenedService>;
  readonly agents: Agents;
}

/** What the stack's hostings need beside the payment service. */
function hostingChecks(project: Project, { switchedOn, opened, agents }: Looks): Check[] {
  const hosted = once(async (): Promise<StackToHost> => {
    const [{ config }, declared] = await Promise.all([opened(), agents()]);
    return { config, agents: declared };
  });
  const clear: readonly Ground[] = [
    [switchedOn, SANDBOX_OFF],
    [hosted, "the stack's settings or agents/ are not valid"],
  ];
  /** A check of where crews run elsewhere; for processes nothing is to be read first. */
  const ofPlace = (name: string, look: () => Promise<readonly Verdict[]>): Check => ({
    name,
    async look() {
      const known = await agents().catch(() => undefined);
      return known && areProcesses(known)
        ? notNeeded({ agents: known }, name)
        : after(clear, name, look).look();
    },
  });
  return [
    after(clear, "stored documents", async () => checkStored(project, await hosted())),
    after(clear, "token budget", async () => checkTokens(await hosted())),
    ofPlace("plugins", async () => {
      const { config, agents } = await hosted();
      return checkPlugins({ stack: config.stack, agents, settings: config }, process.env);
    }),
    ofPlace("Docker", async () => checkDocker(await hosted())),
    ofPlace("AWS", async () => checkAws(await hosted())),
    ofPlace("AWS safeguards", async () => checkSafeguards(await hosted())),
    ofPlace("hosted zone", async () => checkZone(await hosted())),
  ];
}

/** What is asked of the payment service, each once, by whichever check needs it first. */
function lookAtService(project: Project, opened: () => Promise<OpenedService>, agents: Agents) {
  const health = once(async () => askHealth((await opened()).config.paymentServiceUrl));
  const up = once(async () => {
    const { service } = await health();
    if (service.status === "fail") throw new Error(service.message);
  });
  const key = once(async () => {
    await up();
    const { client, config } = await opened();
    const status = await client.apiKeyStatus();
    const problem = rightsProblem(status, config, { spends: false });
    if (problem) throw problem;
    return status;
  });
  const seen = once(async () => {
    await key();
    const { client, config } = await opened();
    const state = registrationsInState(project, config.stack, process.env);
    const declared = await agents().catch(() => []);
    return { client, config, state, survey: await survey(client, config, declared, state) };
  });
  const examined = once(async () => {
    const { client, config, survey, state } = await seen();
    const declared = await agents().catch(() => []);
    const { root: projectRoot } = project;
    return examineSurveyed(client, {
      ...state,
      key: await key(),
      config,
      agents: declared,
      urlOf: expectedUrls({ config, projectRoot, agents: declared }),
      runsOf: whatRuns({ config, projectRoot }),
      survey,
      projectRoot,
      forget: process.env[FORGET],
      allBalances: true,
    });
  });
  return { health, up, key, seen, examined };
}

/** What the stack lets the authors of agents choose, and what it limits. */
function limitsOf({ hosting, hostings = [], policy = {} }: StackConfig): string {
  const others = hostings.filter((kind) => kind !== hosting);
  const limited = Object.keys(policy);
  return [
    ...(others.length > 0 ? [`; agents may also choose ${others.join(", ")}`] : []),
    ...(limited.length > 0 ? [`; the policy for authors has ${limited.join(", ")}`] : []),
  ].join("");
}

function serviceChecks(project: Project, stack: string, { switchedOn, opened, agents }: Looks): Check[] {
  const { health, up, key, seen, examined } = lookAtService(project, opened, agents);
  const on: Ground = [switchedOn, SANDBOX_OFF];
  const settled = [on, [opened, "the stack's settings are not valid"]] as const;
  const declared: Ground = [agents, "agents/ is not valid"];
  const reached = [...settled, [up, "the payment service does not answer"]] as const;
  const served = [...reached, [key, "the payment service does not serve this API key"]] as const;
  return [
    after([on], "settings", async () => {
      const { config } = await opened();
      const { network, owner, wallets, hosting } = config;
      const wallet = count(wallets.length, "wallet");
      return [ok(`${network}, owner ${owner}, ${wallet}, hosting ${hosting}${limitsOf(config)}`)];
    }),
    {
      name: "payment service",
      look: async () =>
        (await succeeds(switchedOn))
          ? after(settled, "payment service", async () => [(await health()).service]).look()
          : [fail(SANDBOX_OFF, "npx masumi-agents sandbox")],
    },
    after(settled, "clock", async () => [(await health()).clock]),
    after(reached, "service release", async () => [judgeRelease(await (await opened()).client.apiDocs())]),
    after(reached, "API key", async () => [judgeKey(await key())]),
    after([...reached, declared], "runtime keys", async () =>
      checkRuntimeKeys((await opened()).config, await agents()),
    ),
    after(settled, "ledger", async () => checkLedger(project, stack, process.env)),
    after(settled, "records", async () => checkRecords((await opened()).config)),
    after([...settled, declared], "database", async () =>
      checkDatabase((await opened()).config, await agents()),
    ),
    after(served, "payment source", async () => {
      const { config, survey } = await seen();
      return judgeSources(config, survey.sources);
    }),
    after(served, "wallets", async () => {
      const { config } = await opened();
      return (await examined()).wallets.map((sight) => judgeWallet(config, sight));
    }),
    after(served, "balances", async () => {
      const { config } = await opened();
      const isPlanned = await succeeds(agents);
      return (await examined()).funds.map((funds) => judgeFunds(config, funds, isPlanned));
    }),
    after(served, "plan", async () => {
      const isPlanned = await succeeds(agents);
      return isPlanned ? judgePlan(await examined()) : [skip("agents/ is not valid")];
    }),
  ];
}
