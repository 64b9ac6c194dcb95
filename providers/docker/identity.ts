import * as pulumi from "@pulumi/pulumi";
import {
  type AgentIdentity,
  identityFileContent,
  identityIn,
  isSameIdentity,
} from "../common/agent-identity.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { askEngine } from "./engine.ts";
import { DockerError } from "./errors.ts";
import { packFile, unpackFile } from "./tar.ts";

export interface DockerIdentityArgs extends AgentIdentity<pulumi.Input<string>, pulumi.Input<"V1" | "V2">> {
  /** The engine, as in DOCKER_HOST; "" is DOCKER_HOST, otherwise this machine's engine. A change replaces. */
  readonly host: string;
  /** The container's name. A change replaces. */
  readonly container: string;
  /** The folder of the crew's identity.json, on a volume of the container. A change replaces. */
  readonly folder: string;
}

interface Inputs extends AgentIdentity {
  readonly host: string;
  readonly container: string;
  readonly folder: string;
}

const FILE = "identity.json";
const PLACE = ["host", "container", "folder"] as const;

const archivePath = ({ container }: Pick<Inputs, "container">, path: string) =>
  `/containers/${encodeURIComponent(container)}/archive?path=${encodeURIComponent(path)}`;

/** Writes the file; returns whether the container exists. */
async function write(inputs: Inputs, draining: boolean): Promise<boolean> {
  const { host, folder } = inputs;
  const body = packFile(FILE, identityFileContent(inputs, draining));
  const { status, body: answer } = await askEngine(host, {
    method: "PUT",
    path: archivePath(inputs, folder),
    body,
  });
  if (status === 404) return false;
  if (status < 300) return true;
  throw new DockerError(
    "DOCKER_ENGINE_FAILED",
    `The Docker engine did not accept ${FILE} for the container ${inputs.container}: ${status} ${answer.toString().trim()}.`,
    "Fix the problem it reports, then run again.",
  );
}

async function writeForSure(inputs: Inputs): Promise<void> {
  if (await write(inputs, false)) return;
  throw new DockerError(
    "DOCKER_ENGINE_FAILED",
    `The container ${inputs.container}, which needs its agent's identifier, does not exist.`,
    "Run refresh, then up: the container is created again.",
  );
}

/** The dynamic provider behind DockerIdentity. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const replaces = PLACE.filter((key) => olds[key] !== news[key]);
    return { changes: replaces.length > 0 || !isSameIdentity(olds, news), replaces };
  },

  async create(inputs: Inputs) {
    await writeForSure(inputs);
    return { id: `${inputs.container}:${inputs.folder}/${FILE}`, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    await writeForSure(news);
    return { outs: news };
  },

  async read(id: string, { host, container, folder }: Inputs) {
    const path = archivePath({ container }, `${folder}/${FILE}`);
    const { status, body } = await askEngine(host, { method: "GET", path });
    const content = status === 200 ? unpackFile(body) : undefined;
    if (!content) return {};
    return { id, props: { host, container, folder, ...identityIn(content) } };
  },

  /** Makes the crew take no new jobs; the registration is removed after this. */
  async delete(_id: string, props: Inputs) {
    await write(props, true);
  },
};

/**
 * Tells a crew in a Docker container its identity, once the registration is confirmed and whenever it changes, in a file
 * that the crew reloads. The file is written through the engine, so the container may run on any machine. Removing it marks
 * the crew as draining.
 */
export class DockerIdentity extends pulumi.CustomResource {
  constructor(name: string, args: DockerIdentityArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:DockerIdentity",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.DockerIdentity,
      },
      options,
    );
  }
}
