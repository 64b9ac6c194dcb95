import * as pulumi from "@pulumi/pulumi";
import { ConcurrencyLimit } from "../providers/common/concurrency-limit.ts";
import { askRecords } from "../providers/records/index.ts";
import { type AgentOutput, MasumiAgent } from "./masumi-agent.ts";
import { type CatalogueName, type Json, cataloguedOf, entryIn, usedCatalogues } from "./catalogues/index.ts";
import { loadPublishers } from "./deploy/catalogues/publish.ts";
import { reportPreview, reportReplacement } from "./chain-report.ts";
import { readStackConfig } from "./config.ts";
import { lockPackages, lockSentence } from "./crews/packages/lock.ts";
import { fetchStoredDocuments } from "./crews/stored-documents.ts";
import { type Agent, codeFolders, isPipeline, loadValidAgents } from "./declarations/index.ts";
import { loadHostings } from "./deploy/index.ts";
import { type PlannedAgent, hostingWarnings } from "./fleet/index.ts";
import { isKnown } from "./known.ts";
import { requireOwnNode } from "./own-node.ts";
import { failPlainly } from "./plain-failure.ts";
import { preflight } from "./preflight.ts";
import { secretKeys } from "./secret-keys.ts";

const projectRoot = pulumi.runtime.getRootDirectory();
const stack = pulumi.getStack();

const { config, plan, hostingOf, publish } = await failPlainly(async () => {
  requireOwnNode(stack);
  const values = pulumi.runtime.allConfig();
  const config = readStackConfig({ stack, values, secretKeys: secretKeys(process.env), env: process.env });
  const declared = loadValidAgents({
    ...config,
    stack,
    projectRoot,
    folder: config.agents,
    inPipeline: isPipeline(process.env),
  });
  for (const lock of await lockPackages(projectRoot, codeFolders(declared))) {
    await pulumi.log.warn(lockSentence(lock));
  }
  if (config.records) await askRecords({ server: config.records, ca: config.recordsCa });
  await fetchStoredDocuments({ config, projectRoot, agents: declared });
  const plan = await preflight({ config, projectRoot, agents: declared });
  return {
    config,
    plan,
    hostingOf: await loadHostings({ config, projectRoot, agents: declared, registered: plan.registered }),
    publish: await loadPublishers(config.catalogues),
  };
});

for (const warning of hostingWarnings(plan.agents.map(({ agent }) => agent))) await pulumi.log.warn(warning);

/** How many agents the engine may have yet to look at, and how many may wait for the service: what waits takes memory. */
const AT_ONCE = { engine: 12, service: 1000 } as const;

async function hostAll(): Promise<ReadonlyMap<PlannedAgent, MasumiAgent>> {
  const hosted = new Map<PlannedAgent, MasumiAgent>();
  const [engine, service] = [new ConcurrencyLimit(AT_ONCE.engine), new ConcurrencyLimit(AT_ONCE.service)];
  for (const planned of plan.agents) {
    await engine.room();
    await service.room();
    const hosting = hostingOf(planned.agent);
    const agent = new MasumiAgent({ ...planned, config, projectRoot, hosting, publish });
    hosted.set(planned, agent);
    if (!pulumi.runtime.isDryRun()) reportReplacement(planned, agent);
    const isWritten = planned.action !== "none";
    void engine.run(() => over(isWritten ? isKnown(agent.urn) : agent.answered));
    if (isWritten) void service.run(() => over(agent.answered));
  }
  return hosted;
}

/** If what is waited for failed, the engine says so, and others need not wait. */
const over = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

/** Returns the output of the agents that this run knows: with --target one that does not exist has none. */
async function outputOfAll(): Promise<AgentsOutput | typeof pulumi.unknown> {
  const hosted = await hostAll();
  if (pulumi.runtime.isDryRun()) await failPlainly(() => reportPreview(plan, config, hosted));
  const outputs = await Promise.all(
    [...hosted].map(async ([{ agent }, { output }]) => withEntries(agent, await output)),
  );
  const known = outputs.filter((output) => output !== undefined);
  // A preview shows all of them, or that they are not known yet.
  if (pulumi.runtime.isDryRun() && known.length < outputs.length) return pulumi.unknown;
  return { version: 1, agents: Object.fromEntries(known.map((output) => [output.id, output])) };
}

interface AgentsOutput {
  readonly version: 1;
  readonly agents: Readonly<Record<string, ListedOutput>>;
}

interface ListedOutput extends AgentOutput {
  /** The agent's entries in the catalogues that the stack uses; absent where it uses none. */
  readonly catalogues?: CatalogueEntries;
}

type CatalogueEntries = Readonly<Partial<Record<CatalogueName, Json>>>;

function withEntries(agent: Agent, output: AgentOutput | undefined): ListedOutput | undefined {
  const { catalogues } = config;
  if (!output || !catalogues) return output;
  const { url, agentIdentifier } = output;
  const catalogued = cataloguedOf(agent, { ...config, url, agentIdentifier });
  const entries = usedCatalogues(catalogues).map((name) => [name, entryIn(name, catalogued, catalogues)]);
  return { ...output, catalogues: Object.fromEntries(entries) as CatalogueEntries };
}

/** The stack output for portals and databases, documented in docs/outputs.md. */
export const agents = pulumi.output(outputOfAll());
