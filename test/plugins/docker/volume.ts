import { z } from "zod";
import { resourceFor } from "../server/package.ts";
import type { DockerEngine } from "./engine.ts";

interface Volume {
  readonly Driver: string;
  readonly Mountpoint: string;
}

const outputsOf = ({ Driver, Mountpoint }: Volume) => ({ driver: Driver, mountpoint: Mountpoint });

export const volume = resourceFor<DockerEngine>()({
  inputs: z.strictObject({ name: z.string() }),
  outputs: z.object({ driver: z.string(), mountpoint: z.string() }),

  async create({ name }, { client }) {
    const made = await client.ask<Volume>("POST", "/volumes/create", { json: { Name: name } });
    if (!made) throw new Error(`the engine says nothing of volume ${name}`);
    return { id: name, outputs: outputsOf(made) };
  },

  async read(id, { inputs }, { client }) {
    const found = await client.ask<Volume>("GET", `/volumes/${id}`);
    return found && { inputs, outputs: outputsOf(found) };
  },

  async delete(id, _old, { client }) {
    await client.ask("DELETE", `/volumes/${id}`);
  },
});
