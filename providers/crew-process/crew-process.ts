import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { crewFolder, crewHome, crewUrl, crewVenv, runtimeDigest } from "./local/paths.ts";
import { ensurePythonEnvironment } from "./local/python.ts";
import { type CrewInstance, type CrewPayments, isRunning, startCrew, stopCrew } from "./local/process.ts";

export interface CrewProcessArgs {
  readonly agentId: string;
  /** The project's folder, absolute: the crew's own files are in .masumi/crews/<agentId>/ below it. */
  readonly projectRoot: string;
  /** The reserved port on 127.0.0.1. A change restarts the crew. */
  readonly port: number;
  /** What the crew is, as JSON text (crew.json). A change restarts the crew. */
  readonly declaration: string;
  /** Any OpenAI-compatible model: base URL and name. A change restarts the crew. */
  readonly model: { readonly api: string; readonly name: string };
  /** The model's key; kept as a secret. A change restarts the crew. */
  readonly modelKey: pulumi.Input<string>;
  /** Where the crew makes its payments; absent: it takes none, and no paid jobs. A change restarts the crew. */
  readonly payments?: CrewPayments | undefined;
  /** A key of the payment service that may pay, never the one that registers agents; kept as a secret. A change restarts the crew. */
  readonly paymentKey?: pulumi.Input<string> | undefined;
}

/** What the provider's methods get: resolved values; in previews any may be Pulumi's unknown sentinel. */
interface Inputs {
  readonly agentId: string;
  readonly projectRoot: string;
  readonly port: number;
  readonly declaration: string;
  /** Digest of the runtime's code and lock file, so that new code restarts the crew. */
  readonly runtime: string;
  readonly model: { readonly api: string; readonly name: string };
  readonly modelKey: string;
  /** Both absent in states of crews that took no payments. */
  readonly payments?: CrewPayments | undefined;
  readonly paymentKey?: string | undefined;
}

interface Outputs extends Inputs {
  readonly url: string;
  readonly pid: number;
  readonly instance: string;
}

/** What a change of restarts the crew; `projectRoot` is among them because the process works in that folder. */
const RESTARTS = [
  "projectRoot",
  "port",
  "declaration",
  "runtime",
  "model",
  "modelKey",
  "payments",
  "paymentKey",
] as const;

async function start(inputs: Inputs): Promise<Outputs> {
  const { agentId, projectRoot, port, declaration, model, modelKey, payments, paymentKey } = inputs;
  const { python } = await ensurePythonEnvironment({
    crewFolder: crewFolder(projectRoot),
    venv: crewVenv(projectRoot),
  });
  const running = await startCrew({
    python,
    home: crewHome(projectRoot, agentId),
    agentId,
    port,
    declaration,
    model: { ...model, key: modelKey },
    ...(payments && paymentKey ? { payments: { ...payments, key: paymentKey } } : {}),
  });
  return { ...inputs, url: crewUrl(port), pid: running.pid, instance: running.instance };
}

const instanceOf = ({ pid, port, instance }: Outputs): CrewInstance => ({ pid, port, instance });
const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

/** The dynamic provider behind CrewProcess. */
export const provider = {
  async diff(_id: string, olds: Outputs, news: Inputs) {
    return { changes: RESTARTS.some((key) => differs(olds[key], news[key])), replaces: [] };
  },

  async create(inputs: Inputs) {
    return { id: inputs.agentId, outs: await start(inputs) };
  },

  async update(_id: string, olds: Outputs, news: Inputs) {
    await stopCrew(instanceOf(olds));
    return { outs: await start(news) };
  },

  /** Gone unless this very instance still answers: a crew that died with a reboot is then started again. */
  async read(id: string, props: Outputs) {
    return (await isRunning(instanceOf(props))) ? { id, props } : {};
  },

  async delete(_id: string, props: Outputs) {
    await stopCrew(instanceOf(props));
  },
};

/**
 * One agent's crew as a process on this machine, detached from the deployment and answering on 127.0.0.1.
 *
 * Everything but the agent's id changes in place, by a restart on the same port. The process gets an
 * environment of its own: no key of the deployer's is in it.
 */
export class CrewProcess extends pulumi.CustomResource {
  declare readonly url: pulumi.Output<string>;
  declare readonly pid: pulumi.Output<number>;
  declare readonly instance: pulumi.Output<string>;

  constructor(name: string, args: CrewProcessArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:CrewProcess",
      name,
      {
        ...args,
        modelKey: pulumi.secret(args.modelKey),
        ...(args.paymentKey === undefined ? {} : { paymentKey: pulumi.secret(args.paymentKey) }),
        runtime: runtimeDigest(args.projectRoot),
        url: undefined,
        pid: undefined,
        instance: undefined,
        __provider: PROVIDER_TEXTS.CrewProcess,
      },
      options,
    );
  }
}
