import { extname } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Agent } from "../../declarations/index.ts";
import {
  CATALOGUES,
  type Catalogue,
  type CataloguesSettings,
  type Json,
  type Place,
  cataloguedOf,
  entryIn,
  usedCatalogues,
} from "../../catalogues/index.ts";

/** Makes a resource of an agent's entry. */
export type Publisher = (
  name: string,
  entry: pulumi.Output<Json>,
  options: pulumi.CustomResourceOptions,
) => pulumi.Resource;

/** Lists an agent in the catalogues that are resources. */
export type Publish = (
  agent: Agent,
  place: Omit<Place, "url" | "agentIdentifier"> & { readonly url: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
) => void;

/** Loads the catalogues that a stack uses and that are resources, and no others: most stacks need no package for any. */
export async function loadPublishers(settings: CataloguesSettings = {}): Promise<Publish> {
  const used = usedCatalogues(settings).flatMap((name) => {
    const { module }: Catalogue = CATALOGUES[name] as Catalogue;
    return module === undefined ? [] : [{ name, module }];
  });
  const publishers = await Promise.all(
    used.map(async ({ name, module }) => ({ name, publish: await publisherIn(module) })),
  );
  return (agent, place, options) => {
    for (const { name, publish } of publishers) {
      const entry = pulumi
        .output(place.url)
        .apply((url) => entryIn(name, cataloguedOf(agent, { ...place, url }), settings));
      publish(agent.id, entry, options);
    }
  };
}

async function publisherIn(module: string): Promise<Publisher> {
  const { publish } = (await import(`./${module}${extname(import.meta.filename)}`)) as {
    publish?: Publisher;
  };
  if (publish === undefined) throw new Error(`infra/deploy/catalogues/${module} exports no \`publish\``);
  return publish;
}
