import { serveStubModel } from "../../local/sandbox/model/serve.ts";
import { configValues } from "../../local/engine/stack/index.ts";
import { localRun, localStackExists } from "../local/local-stack.ts";
import { answersAreStubs } from "../local/uses-sandbox.ts";
import {
  type CallOptions,
  type Project,
  isEncrypted,
  isLocalStack,
  namesOfSecrets,
  readConfig,
  stackFile,
  stackOption,
} from "../project.ts";
import { askRealPulumi } from "../pulumi/real-pulumi.ts";
import { UserError } from "../user-error.ts";

/** What stands for the stub model where a model is named. */
export const STUB = "stub";

/** The model that jobs are tried with. */
export interface TriedModel {
  /** Base URL of an OpenAI-compatible API. */
  readonly api: string;
  readonly key: string;
  /** For agents that name none themselves. */
  readonly name: string;
  readonly isStub: boolean;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

/** What a model without a key of its own is given. */
const NO_KEY = "none";
const DEFAULT_NAME = "gpt-4.1-mini";

/**
 * Return a stack's model with its key, or the stub model in this process: if it is wished, or where a local stack has no other.
 * Neither a sandbox nor an earlier run is needed. The key of any other stack comes from MASUMI_MODEL_KEY, or else from Pulumi.
 *
 * @throws UserError when the stack has no model, or its key cannot be read
 */
export async function openModel(
  project: Project,
  {
    stack,
    agentId,
    wanted,
  }: { readonly stack: string; readonly agentId: string; readonly wanted: string | undefined },
  options: CallOptions,
): Promise<TriedModel> {
  if (wanted === STUB || (isLocalStack(stack) && answersAreStubs(project, stack))) return openStub();
  const settings = readConfig(project, stack);
  const api = settings["masumi:modelApi"];
  if (api === undefined) {
    throw new UserError(
      `${stackFile(project, stack)} has no masumi:modelApi. Try the agent with --model stub, or set one: ` +
        `npx masumi-agents config set${stackOption(stack)} masumi:modelApi https://api.openai.com/v1`,
    );
  }
  const key = await keyOf(project, stack, agentId, options);
  const name = modelNameOf(project, stack);
  return { api, key: key || NO_KEY, name, isStub: false, close: () => Promise.resolve() };
}

/** Return the name of the model for a stack's agents that name none themselves. */
export const modelNameOf = (project: Project, stack: string): string =>
  readConfig(project, stack)["masumi:modelName"] ?? DEFAULT_NAME;

async function openStub(): Promise<TriedModel> {
  const model = await serveStubModel();
  return { api: model.url, key: NO_KEY, name: STUB, isStub: true, close: () => model.close() };
}

async function keyOf(
  project: Project,
  stack: string,
  agentId: string,
  options: CallOptions,
): Promise<string | undefined> {
  const fromEnvironment = options.env["MASUMI_MODEL_KEY"];
  if (fromEnvironment) return fromEnvironment;
  if (isLocalStack(stack)) return localKeyOf(project, stack, agentId);
  const settings = readConfig(project, stack);
  const hasOwn = namesOfSecrets(settings)["modelKeys"]?.includes(agentId) === true;
  const plain = settings["masumi:modelKey"];
  if (!hasOwn && (plain === undefined || !isEncrypted(plain))) return plain;
  const words = hasOwn ? ["--path", `masumi:modelKeys["${agentId}"]`] : ["masumi:modelKey"];
  const failure = `The model's key of stack ${stack} is a secret, which Pulumi could not read. Set MASUMI_MODEL_KEY instead, or use --model stub.`;
  return (
    await askRealPulumi(project, ["config", "get", "--stack", stack, ...words], failure, options)
  ).trim();
}

async function localKeyOf(project: Project, stack: string, agentId: string): Promise<string | undefined> {
  if (!localStackExists(project, stack)) return readConfig(project, stack)["masumi:modelKey"];
  const values = new Map(
    (await configValues(localRun(project, stack))).map(({ key, value }) => [key, value]),
  );
  const own = JSON.parse(values.get("masumi:modelKeys") ?? "{}") as Record<string, string>;
  return own[agentId] ?? values.get("masumi:modelKey");
}
