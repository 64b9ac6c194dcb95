import { z } from "zod";
import { resourceFor } from "../server/package.ts";
import type { DockerEngine } from "./engine.ts";
import { followed } from "./messages.ts";

interface Image {
  readonly Id: string;
  readonly RepoDigests: readonly string[] | null;
}

const inspect = (client: DockerEngine, name: string) => client.ask<Image>("GET", `/images/${name}/json`);

const outputsOf = ({ Id, RepoDigests }: Image) => ({ imageId: Id, repoDigest: RepoDigests?.[0] ?? "" });

/** An image that is pulled, unless the engine has it. */
export const remoteImage = resourceFor<DockerEngine>()({
  inputs: z.strictObject({ name: z.string(), keepLocally: z.boolean().default(false) }),
  outputs: z.object({ imageId: z.string(), repoDigest: z.string() }),
  replaces: ["name"],

  async create({ name }, { client, signal, log }) {
    if (!(await inspect(client, name))) {
      log(`pulling ${name}`);
      await followed(client, "/images/create", { query: { fromImage: name }, signal }, log);
    }
    const found = await inspect(client, name);
    if (!found) throw new Error(`unable to read Docker image into resource: ${name} is not there`);
    return { id: `${found.Id}${name}`, outputs: outputsOf(found) };
  },

  async read(_id, { inputs }, { client }) {
    const found = await inspect(client, inputs.name);
    return found && { inputs, outputs: outputsOf(found) };
  },

  update: async (_id, _inputs, { outputs }) => outputs,

  async delete(_id, { inputs: { name, keepLocally } }, { client }) {
    if (!keepLocally) await client.ask("DELETE", `/images/${name}`);
  },
});
