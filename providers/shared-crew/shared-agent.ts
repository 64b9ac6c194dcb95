import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import {
  addPackages,
  crewFolder,
  crewVenv,
  dropUnusedPackages,
  ensurePythonEnvironment,
  sharedAgentsFolder,
  sharedVersionsFolder,
} from "../crew-process/local/index.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { awaitAgent } from "./await-agent.ts";
import { SharedCrewError } from "./errors.ts";
import {
  type AgentStore,
  DECLARATION,
  ENVIRONMENT,
  IDENTITY,
  type Place,
  SECRETS,
  type StoredFile,
} from "./store/agent-store.ts";
import { openStore } from "./store/open.ts";

/** A file next to crew.json: a document, or code. Its path has a digest in it, so a path never has different contents. */
export interface FileBeside {
  readonly path: string;
  readonly sha256: string;
  /** The file with the content, relative to the folder in which the engine runs programs. */
  readonly source: string;
}

/** Packages that an agent's code needs beside the runtime's, on this machine. */
export interface PackagesBeside {
  /** The folder that crew.json names; it has the lock's digest in it (packagesOf). */
  readonly folder: string;
  /** The file with the lock, relative to the folder in which the engine runs programs. */
  readonly lock: string;
}

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
  readonly files: readonly FileBeside[];
  /** Only where the place is a folder of this machine. */
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
  readonly files: readonly FileBeside[];
  /** Absent for an agent without packages of its own, as in older states. */
  readonly packages?: PackagesBeside;
  readonly instances: number;
  readonly seconds: number;
}

interface Outputs extends Inputs {
  /** Files of the version before: a job of it may still read them. */
  readonly former?: readonly string[];
}

const JOBS_END_WITHIN_MS = 10_000;
const PAUSE_MS = 200;
const WRITTEN = ["url", "declaration", "environment", "secrets", "secretsVersion"] as const;

const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
const sorted = (values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
const digestOf = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
const contentsOf = ({ files }: Inputs) => files.map(({ path, sha256 }) => [path, sha256]);

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
  return digestOf(JSON.stringify(all)).slice(0, 16);
};

async function contentOf({ path, sha256, source }: FileBeside): Promise<StoredFile> {
  const content = await readFile(source);
  if (digestOf(content) === sha256) return { path, content };
  throw new SharedCrewError(
    "SHARED_AGENT_NOT_UP",
    `${source} was changed during this run, so ${path} was not stored.`,
    "Run it again.",
  );
}

const jsonFile = (path: string, content: unknown): StoredFile => ({
  path,
  content: Buffer.from(`${JSON.stringify(content)}\n`),
});

/** Writes an agent's files, of which crew.json is the last, and waits until the service serves them. */
async function place(store: AgentStore, inputs: Inputs, present: readonly string[] = []): Promise<void> {
  for (const file of inputs.files) {
    if (!present.includes(file.path)) await store.write([await contentOf(file)]);
  }
  if (inputs.packages && !present.includes(inputs.packages.folder)) await install(inputs, inputs.packages);
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
    declaration: digestOf(declaration),
    revision,
    answers: instances,
    seconds,
  });
}

async function install({ place, agentId }: Inputs, { folder, lock }: PackagesBeside): Promise<void> {
  if (place.kind !== "folder") throw new Error(`${agentId} cannot have packages in a ${place.kind}`);
  const { projectRoot } = place;
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(projectRoot),
    venv: crewVenv(projectRoot),
  });
  const home = join(sharedAgentsFolder(projectRoot, place.stack), agentId);
  await addPackages({ projectRoot, home }, folder, environment, lock);
}

/** Removes packages that no agent needs any more, when one has let go of its own. */
async function dropUnused({ place, packages }: Inputs): Promise<void> {
  if (place.kind === "folder" && packages) await dropUnusedPackages(place.projectRoot);
}

/** Gives the service some time to end the jobs of an agent that is removed, which may still import its packages. */
async function awaitEndOfJobs({ place, packages, agentId }: Inputs): Promise<void> {
  if (place.kind !== "folder" || !packages) return;
  const versions = sharedVersionsFolder(place.projectRoot, agentId, place.stack);
  const end = Date.now() + JOBS_END_WITHIN_MS;
  while (existsSync(versions) && Date.now() < end) await sleep(PAUSE_MS);
}

const pathsOf = ({ files, packages }: Inputs): string[] => [
  ...files.map(({ path }) => path),
  ...(packages ? [packages.folder] : []),
];
const removeAgent = (store: AgentStore, props: Outputs) =>
  store.removeAgent([ENVIRONMENT, SECRETS, IDENTITY, ...pathsOf(props), ...(props.former ?? [])]);

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
    try {
      await place(store, inputs);
    } catch (error) {
      // Nobody would know of it: neither a state nor the registry.
      await removeAgent(store, inputs).catch(() => undefined);
      throw error;
    }
    return { id: inputs.agentId, outs: inputs };
  },

  async update(_id: string, olds: Outputs, news: Inputs) {
    const store = openStore(news.place, news.agentId);
    const isKept = !differs(olds.place, news.place) && !(await isLost(olds));
    const present = isKept ? pathsOf(olds) : [];
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
        former: undefined,
        __provider: PROVIDER_TEXTS.SharedAgent,
      },
      options,
    );
  }
}
