import * as pulumi from "@pulumi/pulumi";
import { askRecords } from "../providers/records/index.ts";
import { type AgentOutput, MasumiAgent } from "./masumi-agent.ts";
import { reportPreview, reportReplacements } from "./chain-report.ts";
import { readStackConfig } from "./config.ts";
import { lockPackages, lockSentence } from "./crews/packages/lock.ts";
import { fetchStoredDocuments } from "./crews/stored-documents.ts";
import { codeFolders, isPipeline, loadValidAgents } from "./declarations/index.ts";
import { loadHostings } from "./deploy/index.ts";
import { type PlannedAgent, hostingWarnings } from "./fleet/index.ts";
import { isKnown } from "./known.ts";
import { requireOwnNode } from "./own-node.ts";
import { failPlainly } from "./plain-failure.ts";
import { preflight } from "./preflight.ts";
import { secretKeys } from "./secret-keys.ts";

const projectRoot = pulumi.runtime.getRootDirectory();
const stack = pulumi.getStack();

const { config, plan, hostingOf } = await failPlainly(async () => {
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
  };
});

for (const warning of hostingWarnings(plan.agents.map(({ agent }) => agent))) await pulumi.log.warn(warning);
/** How many agents the engine is told of before it has answered for the first of them: what waits for an answer takes memory. */
const AT_ONCE = 50;

async function hostAll(): Promise<ReadonlyMap<PlannedAgent, MasumiAgent>> {
  const hosted = new Map<PlannedAgent, MasumiAgent>();
  const waiting: Promise<boolean>[] = [];
  for (const planned of plan.agents) {
    if (waiting.length === AT_ONCE) await Promise.all(waiting.splice(0));
    const agent = new MasumiAgent({ ...planned, config, projectRoot, hosting: hostingOf(planned.agent) });
    hosted.set(planned, agent);
    waiting.push(isKnown(agent.registration.urn));
  }
  return hosted;
}

/** Returns the outputs of the agents that this run knows: with --target one that does not exist has none. */
async function knownOutputs(): Promise<pulumi.Output<AgentOutput>[]> {
  const hosted = await hostAll();
  const outputs = [...hosted.values()].map(({ output }) => output);
  if (pulumi.runtime.isDryRun()) {
    await failPlainly(() => reportPreview(plan, config, hosted));
    return outputs;
  }
  reportReplacements(hosted);
  const known = await Promise.all(outputs.map(isKnown));
  return outputs.filter((_, index) => known[index]);
}

/** The stack output for portals and databases, documented in docs/outputs.md. */
export const agents = pulumi.output(knownOutputs()).apply((outputs) => ({
  version: 1,
  agents: Object.fromEntries(outputs.map((output) => [output.id, output])),
}));
