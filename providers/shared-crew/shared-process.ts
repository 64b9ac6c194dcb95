import { mkdirSync, rmSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import {
  type CrewInstance,
  SHARED_SERVICE,
  crewFolder,
  crewHome,
  crewUrl,
  crewVenv,
  endCrew,
  ensurePythonEnvironment,
  exists,
  isAlive,
  isUp,
  readRecord,
  runtimeDigest,
  sharedAgentsFolder,
  startCrew,
  stopCrew,
} from "../crew-process/local/index.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";

export interface SharedProcessArgs {
  /** The project's folder, absolute. The service's files are in .masumi/crews/_shared/ below it. */
  readonly projectRoot: string;
  /** The stack, if its crews are apart from others: the files are in .masumi/stacks/<stack>/crews/_shared/ then. */
  readonly stack?: string | undefined;
  /** The reserved port on 127.0.0.1. A change restarts the service. */
  readonly port: number;
  /** Whether agents may bring code. A change restarts the service. */
  readonly code: boolean;
  /** Variables that say where the service sends traces; absent if nowhere. A change restarts the service. */
  readonly traces?: Readonly<Record<string, string>>;
  /** Headers that the collector of traces demands; kept as a secret. A change restarts the service. */
  readonly tracesHeaders?: pulumi.Input<string>;
  /** Whether agents of other stacks are served, too: their files stay when the service is removed. @default false */
  readonly keep?: boolean;
}

interface Inputs extends Omit<SharedProcessArgs, "tracesHeaders"> {
  readonly tracesHeaders?: string;
  /** Digest of the runtime's code and lock file, so new code restarts the service. */
  readonly runtime: string;
}

interface Outputs extends Inputs {
  readonly url: string;
  readonly pid: number;
  readonly instance: string;
}

/** Inputs whose change restarts the service; no agent is among them. */
const RESTARTS = ["projectRoot", "port", "code", "runtime", "traces", "tracesHeaders"] as const;

const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
const isRestarted = (olds: Outputs, news: Inputs) => RESTARTS.some((key) => differs(olds[key], news[key]));
const homeOf = ({ projectRoot, stack }: Inputs) => crewHome(projectRoot, SHARED_SERVICE, stack);
const instanceOf = ({ pid, port, instance }: Outputs): CrewInstance => ({ pid, port, instance });

async function start(inputs: Inputs): Promise<Outputs> {
  const { projectRoot, stack, port, code, traces, tracesHeaders } = inputs;
  const agents = sharedAgentsFolder(projectRoot, stack);
  const { python } = await ensurePythonEnvironment({
    crewFolder: crewFolder(projectRoot),
    venv: crewVenv(projectRoot),
  });
  // A folder that cannot be read is no folder without agents.
  mkdirSync(agents, { recursive: true, mode: 0o700 });
  const { pid, instance } = await startCrew({
    python,
    home: homeOf(inputs),
    agentId: SHARED_SERVICE,
    port,
    environment: {
      AGENTS: agents,
      ...(code ? { SHARED_CODE: "1" } : {}),
      ...traces,
      ...(tracesHeaders === undefined ? {} : { TRACES_HEADERS: tracesHeaders }),
    },
  });
  return { ...inputs, url: crewUrl(port), pid, instance };
}

/** The dynamic provider behind SharedProcess. */
export const provider = {
  /** A service that died is a change, too: nothing else would start it again. */
  async diff(_id: string, olds: Outputs, news: Inputs) {
    const isChanged = isRestarted(olds, news) || olds.keep !== news.keep;
    return { changes: isChanged || !(await isUp(instanceOf(olds))), replaces: [] };
  },

  async create(inputs: Inputs) {
    return { id: SHARED_SERVICE, outs: await start(inputs) };
  },

  async update(_id: string, olds: Outputs, news: Inputs) {
    // Whoever only says whether it stays ends no job for it.
    if (!isRestarted(olds, news) && (await isUp(instanceOf(olds)))) {
      return { outs: { ...news, url: olds.url, ...instanceOf(olds) } };
    }
    await stopCrew(instanceOf(olds));
    return { outs: await start(news) };
  },

  /**
   * Reports the service as gone if its process is.
   *
   * @throws CrewProcessError CREW_SILENT if its process exists and does not answer
   */
  async read(id: string, props: Outputs) {
    const home = homeOf(props);
    if (await exists(instanceOf(props), home)) return { id, props };
    const recorded = readRecord(home);
    // The state is an older copy: a later run, which it does not know, started the service that runs now.
    if (recorded && isAlive(recorded)) return { id, props: { ...props, ...recorded, runtime: "unknown" } };
    return {};
  },

  /** Its agents were removed before; what a run that was killed has left of one goes, too. */
  async delete(_id: string, props: Outputs) {
    await endCrew(homeOf(props), instanceOf(props));
    if (props.keep) return;
    rmSync(sharedAgentsFolder(props.projectRoot, props.stack), { recursive: true, force: true });
  },
};

/**
 * The shared crew service as a process on this machine, detached from the deployment and listening on 127.0.0.1. Agents come and
 * go without it (SharedAgent). It gets a separate environment without any of the deployer's keys.
 */
export class SharedProcess extends pulumi.CustomResource {
  declare readonly url: pulumi.Output<string>;
  declare readonly pid: pulumi.Output<number>;
  declare readonly instance: pulumi.Output<string>;

  constructor(name: string, args: SharedProcessArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:SharedProcess",
      name,
      {
        ...args,
        ...(args.tracesHeaders === undefined ? {} : { tracesHeaders: pulumi.secret(args.tracesHeaders) }),
        runtime: runtimeDigest(args.projectRoot),
        url: undefined,
        pid: undefined,
        instance: undefined,
        __provider: PROVIDER_TEXTS.SharedProcess,
      },
      options,
    );
  }
}
