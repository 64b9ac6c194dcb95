import * as pulumi from "@pulumi/pulumi";
import {
  FORGET,
  LedgerBucket,
  LedgerCopy,
  MasumiClient,
  ledgerPlace,
  leaveRunFacts,
  unsentWarning,
} from "../providers/masumi/service/index.ts";
import type { StackConfig } from "./config.ts";
import { whatRuns } from "./crews/what-runs.ts";
import type { Agent } from "./declarations/index.ts";
import {
  type FleetPlan,
  type Problem,
  type RegistrationsInState,
  askedRemovals,
  backendFolder,
  examineFleet,
  excessRights,
  expectedUrls,
  dockerfileWarnings,
  readRuntimeKeys,
  readStateFile,
  runtimeKeyProblem,
  standingWarnings,
} from "./fleet/index.ts";

/** Lists everything that prevents a run; nothing has been changed. Code PREFLIGHT_FAILED. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
  readonly code = "PREFLIGHT_FAILED";

  constructor(problems: readonly Problem[]) {
    const [only] = problems;
    const listed = problems.map(({ message }) => `  - ${message}`).join("\n");
    super(problems.length === 1 && only ? only.message : `PREFLIGHT_FAILED: Nothing was changed.\n${listed}`);
  }
}

export interface PreflightInput {
  readonly config: StackConfig & { readonly apiKey: string };
  readonly projectRoot: string;
  readonly agents: readonly Agent[];
}

/**
 * Plans the run before its first resource, and checks the key's permissions and everything that could prevent the run
 * (OBSTACLES). Read-only.
 *
 * @throws PreflightError, ServiceError, RefusedError; in all cases nothing has been changed
 */
export async function preflight({ config, projectRoot, agents }: PreflightInput): Promise<FleetPlan> {
  const client = new MasumiClient({
    url: config.paymentServiceUrl,
    token: config.apiKey,
    onSlow: (waitingFor) => void pulumi.log.info(waitingFor),
  });
  const { plan, runs, problems, checksum } = await examineFleet(client, {
    config,
    agents,
    urlOf: expectedUrls({ config, projectRoot, agents }),
    runsOf: whatRuns({ config, projectRoot }),
    projectRoot,
    ...stateOfRun(),
    forget: process.env[FORGET],
    spends: !pulumi.runtime.isDryRun(),
    approved: process.env["MASUMI_PLAN"],
  });
  const keys = await runtimeKeyProblems(config);
  if (problems.length + keys.length > 0) throw new PreflightError([...problems, ...keys]);

  // A preview tells more precisely, once it knows what the engine does with each agent.
  if (pulumi.runtime.isDryRun()) return plan;
  await leaveFacts(config, { projectRoot, plan: checksum });
  await sendLedger(config, projectRoot);
  const asked = askedRemovals(plan, config);
  if (asked !== undefined) await pulumi.log.info(asked);
  const warnings = [...standingWarnings(plan, config), ...dockerfileWarnings(plan, runs)];
  for (const warning of warnings) await pulumi.log.warn(warning);
  return plan;
}

/** Leaves what the provider cannot know by itself. Without it, the provider has the limits of the run that configured it. */
async function leaveFacts(
  { allowDeregister = [], maxAda }: StackConfig,
  { projectRoot, plan }: { readonly projectRoot: string; readonly plan: string },
): Promise<void> {
  const engine = process.env["PULUMI_NODEJS_ENGINE"];
  try {
    await leaveRunFacts(projectRoot, { engine, plan, allowDeregister, maxAda });
  } catch (error) {
    await pulumi.log.warn(
      `.masumi/runs cannot be written to, so the ledger will lack the plan's checksum, and the removal of a last agent is held to ` +
        `the limits of the run before: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Sends what earlier runs spent to the stack's bucket, if they could not. */
async function sendLedger({ ledger, aws }: StackConfig, projectFolder: string): Promise<void> {
  if (!ledger) return;
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const { region, profile } = aws;
  const bucket = new LedgerBucket(ledgerPlace(ledger, { project, stack, region, profile }));
  try {
    await new LedgerCopy({ projectFolder, bucket, stack }).sendKept();
  } catch (error) {
    await pulumi.log.warn(unsentWarning(error));
  } finally {
    await bucket.close();
  }
}

/** Returns which registrations the stack's state has, where a program can see that: not every backend keeps it in files. */
function stateOfRun(): RegistrationsInState | undefined {
  const backend = backendFolder(process.env["PULUMI_BACKEND_URL"]);
  if (backend === undefined) return undefined;
  return readStateFile({ backend, project: pulumi.getProject(), stack: pulumi.getStack() });
}

/** Returns why the keys that crews take payments with must not be used; asked on Mainnet, where they reach real funds. */
async function runtimeKeyProblems(config: StackConfig): Promise<Problem[]> {
  if (config.network !== "Mainnet") return [];
  const { paymentServiceUrl: url } = config;
  const keys = await readRuntimeKeys(config, (token) => new MasumiClient({ url, token }).apiKeyStatus());
  for (const key of keys) {
    for (const { what, remedy } of excessRights(key, config)) await pulumi.log.warn(`${what}: ${remedy}.`);
  }
  return keys.flatMap((key) => runtimeKeyProblem(key, config) ?? []);
}
