import { z } from "zod";
import { resourceFor } from "../server/package.ts";
import type { DockerEngine } from "./engine.ts";

interface Network {
  readonly Id: string;
  readonly Driver: string;
}

export const network = resourceFor<DockerEngine>()({
  inputs: z.strictObject({ name: z.string() }),
  outputs: z.object({ driver: z.string() }),

  async create({ name }, { client }) {
    // The engine itself would make a second one of the same name.
    const made = await client.ask<Network>("POST", "/networks/create", {
      json: { Name: name, CheckDuplicate: true },
    });
    if (!made) throw new Error(`the engine says nothing of network ${name}`);
    return { id: made.Id, outputs: { driver: "bridge" } };
  },

  async read(id, { inputs }, { client }) {
    const found = await client.ask<Network>("GET", `/networks/${id}`);
    return found && { inputs, outputs: { driver: found.Driver } };
  },

  async delete(id, _old, { client }) {
    await client.ask("DELETE", `/networks/${id}`);
  },
});
