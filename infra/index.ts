import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { MasumiAgent } from "./components/masumi-agent.ts";
import { readStackConfig } from "./config.ts";
import { loadValidAgents } from "./declarations/index.ts";
import { loadHosting } from "./hosting/index.ts";
import { failPlainly } from "./plain-failure.ts";
import { preflight } from "./preflight.ts";
import { secretKeys } from "./secret-keys.ts";

const projectRoot = pulumi.runtime.getRootDirectory();
const stack = pulumi.getStack();

const { config, plan } = await failPlainly(async () => {
  const values = pulumi.runtime.allConfig();
  const config = readStackConfig({ stack, values, secretKeys: secretKeys(process.env), env: process.env });
  const declared = loadValidAgents({ ...config, stack, projectRoot, folder: join(projectRoot, "agents") });
  return { config, plan: await preflight({ config, projectRoot, agents: declared }) };
});

const hosting = await loadHosting({ config, projectRoot });
const hosted = plan.agents.map((planned) => new MasumiAgent({ ...planned, config, hosting }));

/** What a portal or a database reads; documented in docs/outputs.md. */
export const agents = pulumi.all(hosted.map(({ output }) => output)).apply((outputs) => ({
  version: 1,
  agents: Object.fromEntries(outputs.map((output) => [output.id, output])),
}));
