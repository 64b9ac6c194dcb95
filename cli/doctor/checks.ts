import { expectedUrls } from "../../infra/fleet/index.ts";
import { type Agent, hostedBy } from "../../infra/declarations/index.ts";
import { rightsProblem, survey } from "../../infra/fleet/index.ts";
import { loadStackAgents } from "../../stacks/agents.ts";
import type { Project } from "../../stacks/project.ts";
import { openService } from "../../stacks/read-stack.ts";
import { count } from "../text.ts";
import { type Check, type Verdict, ok, skip } from "./finding.ts";
import { askHealth } from "./health.ts";
import { checkAgents, checkNode, checkPorts, checkPulumi, checkPython, checkParallel } from "./machine.ts";
import {
  checkBalances,
  checkRegistrations,
  checkWallets,
  judgeRelease,
  judgeKey,
  judgeSources,
} from "./service.ts";

const TIMEOUT_MS = 10_000;

/** `work`, done when it is first asked for, and only once. */
function once<T>(work: () => T | Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  // An async function, so that a throw is a rejection for everybody who asks.
  return () => (result ??= (async () => work())());
}

/** A check that makes sense only when another one found nothing wrong; that one says what. */
const after = (
  needed: () => Promise<unknown>,
  reason: string,
  name: string,
  look: () => Promise<readonly Verdict[]>,
): Check => ({
  name,
  async look() {
    const isMet = await needed().then(
      () => true,
      () => false,
    );
    return isMet ? look() : [skip(reason)];
  },
});

/** Everything that doctor looks at, in the order in which it is shown. */
export function checksOf(project: Project, stack: string): Check[] {
  const loaded = once(() => loadStackAgents(project, stack));
  const agents = once(async () => {
    const { agents, complaints } = await loaded();
    if (complaints.length > 0) throw new Error("the declarations are wrong");
    return agents;
  });
  const runsNoCrewHere = async () => {
    const known: readonly Agent[] | undefined = await agents().catch(() => undefined);
    return known !== undefined && hostedBy("process", known).length === 0;
  };
  return [
    { name: "Node", look: () => [checkNode(process.versions.node)] },
    {
      name: "Python",
      look: async () => [
        (await runsNoCrewHere())
          ? ok("not needed: no crew is a process of this machine")
          : await checkPython(project, process.env),
      ],
    },
    { name: "agents", look: async () => [checkAgents(stack, await loaded())] },
    ...serviceChecks(project, stack, agents),
    after(agents, "agents/ is not valid", "ports", async () => checkPorts(project, await agents())),
    { name: "parallel steps", look: () => [checkParallel(project, stack, process.env)] },
    { name: "Pulumi", look: async () => [await checkPulumi(stack)] },
  ];
}

function serviceChecks(project: Project, stack: string, agents: () => Promise<readonly Agent[]>): Check[] {
  const opened = once(() => openService(project, stack, { env: process.env, timeoutMs: TIMEOUT_MS }));
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
    return { client, config, survey: await survey(client, config, await agents().catch(() => [])) };
  });
  const unsettled = "the stack's settings are not valid";
  const unreachable = "the payment service does not answer";
  const unusable = "the payment service does not serve this API key";
  return [
    {
      name: "settings",
      look: async () => {
        const { network, owner, wallets, hosting } = (await opened()).config;
        return [ok(`${network}, owner ${owner}, ${count(wallets.length, "wallet")}, hosting ${hosting}`)];
      },
    },
    after(opened, unsettled, "payment service", async () => [(await health()).service]),
    after(opened, unsettled, "clock", async () => [(await health()).clock]),
    after(up, unreachable, "service release", async () => [
      judgeRelease(await (await opened()).client.apiDocs()),
    ]),
    after(up, unreachable, "API key", async () => [judgeKey(await key())]),
    after(key, unusable, "payment source", async () => {
      const { config, survey } = await seen();
      return judgeSources(config, survey.sources);
    }),
    after(key, unusable, "wallets", async () => checkWallets(await seen())),
    after(key, unusable, "registrations", async () => {
      const looked = await seen();
      const declared = await agents().catch(() => undefined);
      if (!declared) return [skip("agents/ is not valid")];
      const urlOf = expectedUrls({ config: looked.config, projectRoot: project.root, agents: declared });
      return checkRegistrations(looked, declared, { projectRoot: project.root, urlOf });
    }),
    after(key, unusable, "balances", async () => {
      const looked = await seen();
      const declared = await agents().catch(() => undefined);
      const urls = { config: looked.config, projectRoot: project.root, agents: declared ?? [] };
      return checkBalances(looked, declared, expectedUrls(urls));
    }),
  ];
}
