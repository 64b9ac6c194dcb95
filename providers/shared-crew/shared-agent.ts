import * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../common/sha256.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { awaitAgent } from "./await-agent.ts";
import { SharedCrewError } from "./errors.ts";
import { type PackagesBeside, awaitEndOfJobs, dropUnused, packed, provideHere } from "./packages-beside.ts";
import {
  type AgentStore,
  DECLARATION,
  ENVIRONMENT,
  IDENTITY,
  type Place,
  SECRETS,
  type StoredFile,
} from "./store/agent-store.ts";
import { type FileBeside, contentOf } from "./store/file-beside.ts";
import { openStore } from "./store/open.ts";

export interface SharedAgentArgs {
  readonly agentId: string;
  /** Where the service reads its agents. Another one replaces. */
  readonly place: pulumi.Input<Place>;
  /** The agent's URL in the service. */
  readonly url: pulumi.Input<string>;
  /** The crew's declaration as JSON (crew.json). */
  readonly declaration: string;
  /** Variables of this agent alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for its secrets; absent where the service reads them elsewhere. */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** The version of the secrets that the service reads elsewhere. */
  readonly secretsVersion?: pulumi.Input<number>;
  /** Whether the service is another stack's, so that none of the agents there is an older one of this stack. */
  readonly joins?: boolean;
  readonly files: readonly FileBeside[];
  /** What its code needs beside the packages of the runtime. */
  readonly packages?: PackagesBeside;
  /** How many instances of the service take turns to answer. */
  readonly instances: number;
  /** How long the service may take to serve the agent. */
  readonly seconds: number;
}

interface Inputs {
  readonly agentId: string;
  readonly place: Place;
  readonly url: string;
  readonly declaration: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly secretsVersion?: number;
  readonly joins?: boolean;
  readonly files: readonly FileBeside[];
  /** Absent for an agent without packages of its own, as in older states. */
  readonly packages?: PackagesBeside;
  readonly instances: number;
  readonly seconds: number;
}

interface Outputs extends Inputs {
  /** Its packages as an archive; absent where they are installed on this machine, or there are none. */
  readonly archive?: FileBeside;
  /** Files of the version before: a job of it may still read them. */
  readonly former?: readonly string[];
}

const WRITTEN = ["url", "declaration", "environment", "secrets", "secretsVersion"] as const;

const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
const sorted = (values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
const contentsOf = ({ files, packages }: Inputs) => [
  ...files.map(({ path, sha256 }) => [path, sha256]),
  ...(packages?.target ? [[packages.folder, packages.target.platform, packages.target.python]] : []),
];

/** Returns whether two places are the same one, however it is reached. */
const samePlace = (a: Place, b: Place): boolean => {
  if (a.kind === "folder") return b.kind === "folder" && a.stack === b.stack;
  if (a.kind === "docker") return b.kind === "docker" && a.host === b.host && a.container === b.container;
  return b.kind === "bucket" && a.bucket.bucket === b.bucket.bucket && a.prefix === b.prefix;
};

/** Returns what changes with anything of an agent that the service reads. */
const revisionOf = (inputs: Inputs): string => {
  const { declaration, environment, secrets, secretsVersion } = inputs;
  const all = [declaration, sorted(environment), sorted(secrets), secretsVersion, contentsOf(inputs)];
  return sha256(JSON.stringify(all)).slice(0, 16);
};

const jsonFile = (path: string, content: unknown): StoredFile => ({
  path,
  content: Buffer.from(`${JSON.stringify(content)}\n`),
});

/**
 * Writes an agent's files, of which crew.json is the last, and waits until the service serves them.
 *
 * @param present what is there already
 */
async function place(store: AgentStore, inputs: Outputs, present: readonly string[] = []): Promise<void> {
  for (const file of filesOf(inputs)) {
    if (!present.includes(file.path)) await store.write([await contentOf(file)]);
  }
  await provideHere(inputs, present);
  const { agentId, url, declaration, environment, secrets, instances, seconds } = inputs;
  const revision = revisionOf(inputs);
  await store.write([
    jsonFile(ENVIRONMENT, { ...environment, SECRETS_REVISION: revision }),
    ...(secrets ? [jsonFile(SECRETS, secrets)] : []),
    { path: DECLARATION, content: Buffer.from(declaration) },
  ]);
  await awaitAgent({
    agentId,
    url,
    declaration: sha256(declaration),
    revision,
    answers: instances,
    seconds,
  });
}

const filesOf = ({ files, archive }: Outputs) => [...files, ...(archive ? [archive] : [])];
const pathsOf = (props: Outputs): string[] => [
  ...filesOf(props).map(({ path }) => path),
  ...(props.packages && !props.archive ? [props.packages.folder] : []),
];
const removeAgent = (store: AgentStore, props: Outputs) =>
  store.removeAgent([ENVIRONMENT, SECRETS, IDENTITY, ...pathsOf(props), ...(props.former ?? [])]);

/** The variable that says whose agent it is, where one service has those of several stacks. */
export const STACK_VARIABLE = "AGENT_STACK";

/** Refuses an id that an agent of another stack has in the same service: its files are that one's. @throws SharedCrewError SHARED_AGENT_TAKEN */
async function refuseOthers(store: AgentStore, { agentId, environment, joins }: Inputs): Promise<void> {
  const found = await store.read(ENVIRONMENT);
  if (found === undefined) return;
  const { [STACK_VARIABLE]: other } = JSON.parse(found.toString()) as Readonly<Record<string, string>>;
  // Without the variable it is of the service's own stack, from before it had others' agents.
  if (other === undefined ? !joins : other === environment[STACK_VARIABLE]) return;
  throw new SharedCrewError(
    "SHARED_AGENT_TAKEN",
    `The shared crew service already has an agent ${agentId}, of ${other === undefined ? "its own stack" : `the stack ${other}`}.`,
    "Give one of the two another id: agents of stacks that share a service have different ones.",
  );
}

/** The dynamic provider behind SharedAgent. */
export const provider = {
  async diff(_id: string, olds: Outputs, news: Inputs) {
    const isMoved = olds.agentId !== news.agentId || !samePlace(olds.place, news.place);
    const isChanged =
      WRITTEN.some((key) => differs(olds[key], news[key])) ||
      differs(olds.place, news.place) ||
      differs(contentsOf(olds), contentsOf(news)) ||
      (await isLost(olds));
    return { changes: isMoved || isChanged, replaces: isMoved ? ["place"] : [] };
  },

  async create(inputs: Inputs) {
    const store = openStore(inputs.place, inputs.agentId);
    await refuseOthers(store, inputs);
    const outs: Outputs = { ...inputs, ...(await packed(inputs)) };
    try {
      await place(store, outs);
    } catch (error) {
      // Nobody would know of it: neither a state nor the registry.
      await removeAgent(store, outs).catch(() => undefined);
      throw error;
    }
    return { id: inputs.agentId, outs };
  },

  async update(_id: string, olds: Outputs, inputs: Inputs) {
    const store = openStore(inputs.place, inputs.agentId);
    const isKept = !differs(olds.place, inputs.place) && !(await isLost(olds));
    const present = isKept ? pathsOf(olds) : [];
    const news: Outputs = { ...inputs, ...(await packed(inputs, isKept ? olds : undefined)) };
    try {
      await place(store, news, present);
    } catch (error) {
      // What is registered goes on as it was, and so does what the state says of it.
      await place(store, { ...olds, seconds: 0 }, present).catch(() => undefined);
      throw error;
    }
    const kept = new Set([...pathsOf(news), ...present]);
    await store.remove((olds.former ?? []).filter((path) => !kept.has(path)));
    await dropUnused(olds);
    return { outs: { ...news, former: present.filter((path) => !pathsOf(news).includes(path)) } };
  },

  /** Reports the agent as gone if its crew.json is, and shows what is there instead of what was written. */
  async read(id: string, props: Outputs) {
    const found = await openStore(props.place, props.agentId).read(DECLARATION);
    return found ? { id, props: { ...props, declaration: found.toString() } } : {};
  },

  async delete(_id: string, props: Outputs) {
    await removeAgent(openStore(props.place, props.agentId), props);
    await awaitEndOfJobs(props);
    await dropUnused(props);
  },
};

/** Returns whether an agent's files are gone from this machine, or are not what the state says; elsewhere a refresh tells. */
async function isLost({ place, agentId, declaration }: Outputs): Promise<boolean> {
  if (place.kind !== "folder") return false;
  return (await openStore(place, agentId).read(DECLARATION))?.toString() !== declaration;
}

/**
 * One agent of a shared crew service: its declaration, variables, secrets and documents, where the service finds them without a
 * restart. It is there once the service serves it. A change is made in place, for this agent alone; another place replaces it.
 */
export class SharedAgent extends pulumi.CustomResource {
  constructor(name: string, args: SharedAgentArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:SharedAgent",
      name,
      {
        ...args,
        ...(args.secrets ? { secrets: pulumi.secret(args.secrets) } : {}),
        archive: undefined,
        former: undefined,
        __provider: PROVIDER_TEXTS.SharedAgent,
      },
      options,
    );
  }
}
