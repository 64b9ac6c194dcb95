import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { crewFolder, crewHome, crewUrl, crewVenv, runtimeDigest } from "./local/paths.ts";
import { addPackages, dropPackages } from "./local/packages.ts";
import { type PythonEnvironment, ensurePythonEnvironment } from "./local/python.ts";
import { type CrewInstance, exists, isAlive, isUp, readRecord } from "./local/instance.ts";
import { type CrewPayments, agentVariables, endCrew, startCrew, stopCrew } from "./local/process.ts";

export interface CrewProcessArgs {
  readonly agentId: string;
  /** The project's folder, absolute. The crew's own files are in .masumi/crews/<agentId>/ below it. */
  readonly projectRoot: string;
  /** The stack, if its crews are apart from others: their files are in .masumi/stacks/<stack>/crews/ then. */
  readonly stack?: string | undefined;
  /** The reserved port on 127.0.0.1. A change restarts the crew. */
  readonly port: number;
  /** The crew's declaration as JSON (crew.json). A change restarts the crew. */
  readonly declaration: string;
  /** The folder of the packages that the crew's code needs beside the runtime's (packagesOf). A change restarts the crew. */
  readonly packages?: string | undefined;
  /** Base URL and name of an OpenAI-compatible model. A change restarts the crew. */
  readonly model: { readonly api: string; readonly name: string };
  /** The model's key; kept as a secret. A change restarts the crew. */
  readonly modelKey: pulumi.Input<string>;
  /** Variables of the crew runtime that limit what it keeps, uses and takes on, like KEEP_DAYS. A change restarts the crew. */
  readonly limits?: Readonly<Record<string, string>> | undefined;
  /** Headers that the collector of traces demands, for which `limits` names it; kept as a secret. A change restarts the crew. */
  readonly tracesHeaders?: pulumi.Input<string> | undefined;
  /** Where the crew takes payments; if absent, it takes no paid jobs. A change restarts the crew. */
  readonly payments?: CrewPayments | undefined;
  /** A ReadAndPay key of the payment service, not the one that registers agents; kept as a secret. A change restarts the crew. */
  readonly paymentKey?: pulumi.Input<string> | undefined;
}

/** What the provider's methods receive: resolved values; in previews any of them may be Pulumi's unknown sentinel. */
interface Inputs {
  readonly agentId: string;
  readonly projectRoot: string;
  readonly stack?: string | undefined;
  readonly port: number;
  readonly declaration: string;
  /** Absent for a crew without packages of its own, as in older states. */
  readonly packages?: string | undefined;
  /** Digest of the runtime's code and lock file, so new code restarts the crew. */
  readonly runtime: string;
  readonly model: { readonly api: string; readonly name: string };
  readonly modelKey: string;
  /** Absent in older states. */
  readonly limits?: Readonly<Record<string, string>> | undefined;
  /** Absent where no collector demands any, as in older states. */
  readonly tracesHeaders?: string | undefined;
  /** Both are absent in states of crews that take no payments. */
  readonly payments?: CrewPayments | undefined;
  readonly paymentKey?: string | undefined;
}

interface Outputs extends Inputs {
  readonly url: string;
  readonly pid: number;
  readonly instance: string;
}

/** Inputs whose change restarts the crew, including `projectRoot` because the process works in that folder. */
const RESTARTS = [
  "projectRoot",
  "port",
  "declaration",
  "packages",
  "runtime",
  "model",
  "modelKey",
  "limits",
  "tracesHeaders",
  "payments",
  "paymentKey",
] as const;

const homeOf = ({ projectRoot, agentId, stack }: Inputs): string => crewHome(projectRoot, agentId, stack);

/** Installs what a crew runs with; the one that it replaces may still be running. */
async function prepare(inputs: Inputs): Promise<PythonEnvironment> {
  const { projectRoot, packages } = inputs;
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(projectRoot),
    venv: crewVenv(projectRoot),
  });
  if (packages !== undefined) await addPackages({ projectRoot, home: homeOf(inputs) }, packages, environment);
  return environment;
}

async function start(inputs: Inputs, { python }: PythonEnvironment): Promise<Outputs> {
  const { agentId, port, declaration, model, modelKey, limits } = inputs;
  const { payments, paymentKey, tracesHeaders } = inputs;
  const home = homeOf(inputs);
  const environment = agentVariables(home, {
    model: { ...model, key: modelKey },
    limits,
    tracesHeaders,
    ...(payments && paymentKey ? { payments: { ...payments, key: paymentKey } } : {}),
  });
  const running = await startCrew({ python, home, agentId, port, declaration, environment });
  return { ...inputs, url: crewUrl(port), pid: running.pid, instance: running.instance };
}

/** Removes the packages of versions before. */
const dropFormer = (inputs: Inputs): Promise<void> =>
  dropPackages({ projectRoot: inputs.projectRoot, home: homeOf(inputs) }, inputs.packages);

const instanceOf = ({ pid, port, instance }: Outputs): CrewInstance => ({ pid, port, instance });
const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

/** The dynamic provider behind CrewProcess. */
export const provider = {
  /** A crew that died is a change, too: nothing else would start it again. */
  async diff(_id: string, olds: Outputs, news: Inputs) {
    const isChanged = RESTARTS.some((key) => differs(olds[key], news[key]));
    return { changes: isChanged || !(await isUp(instanceOf(olds))), replaces: [] };
  },

  async create(inputs: Inputs) {
    const outs = await start(inputs, await prepare(inputs));
    await dropFormer(inputs);
    return { id: inputs.agentId, outs };
  },

  async update(_id: string, olds: Outputs, news: Inputs) {
    const environment = await prepare(news);
    await stopCrew(instanceOf(olds));
    const outs = await start(news, environment).catch(async (error: unknown) => {
      // What is registered goes on as it was, if it can: customers reach it, whatever became of the change.
      await start(olds, environment).catch(() => undefined);
      throw error;
    });
    await dropFormer(news);
    return { outs };
  },

  /**
   * Reports the crew as gone if its process is: a crew that died in a reboot is started again.
   *
   * @throws CrewProcessError CREW_SILENT if its process exists and does not answer
   */
  async read(id: string, props: Outputs) {
    const home = homeOf(props);
    if (await exists(instanceOf(props), home)) return { id, props };
    const recorded = readRecord(home);
    // The state is an older copy: a later run, which it does not know, started the crew of unknown inputs that runs now.
    if (recorded && isAlive(recorded)) return { id, props: { ...props, ...recorded, runtime: "unknown" } };
    return {};
  },

  async delete(_id: string, props: Outputs) {
    const home = homeOf(props);
    await endCrew(home, instanceOf(props));
    await dropPackages({ projectRoot: props.projectRoot, home });
  },
};

/**
 * An agent's crew as a process on this machine, detached from the deployment and listening on 127.0.0.1.
 *
 * Everything except the agent's id is changed in place, by a restart on the same port. The process gets a separate
 * environment without any of the deployer's keys.
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
        ...(args.tracesHeaders === undefined ? {} : { tracesHeaders: pulumi.secret(args.tracesHeaders) }),
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
