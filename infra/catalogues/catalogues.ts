import { z } from "zod";
import { awsAgentRegistry } from "./aws-agent-registry/aws-agent-registry.ts";
import { backstage } from "./backstage/backstage.ts";
import { erc8004 } from "./erc-8004/erc-8004.ts";
import type { Catalogue, Catalogued, Json } from "./kind.ts";

/** Where agents are listed beside the Masumi network: a row each. A new one is a folder, and a row here. Loads no Pulumi. */
export const CATALOGUES = {
  "aws-agent-registry": awsAgentRegistry,
  "erc-8004": erc8004,
  backstage,
} as const satisfies Record<string, Catalogue>;

export type CatalogueName = keyof typeof CATALOGUES;

const NAMES = Object.keys(CATALOGUES) as CatalogueName[];

const shapeOf = <Name extends CatalogueName>(name: Name): (typeof CATALOGUES)[Name]["settings"] =>
  CATALOGUES[name].settings;

/** masumi:catalogues: the catalogues that a stack's agents are listed in, with their settings. */
export const cataloguesSettings = z.strictObject({
  "aws-agent-registry": shapeOf("aws-agent-registry").exactOptional(),
  "erc-8004": shapeOf("erc-8004").exactOptional(),
  backstage: shapeOf("backstage").exactOptional(),
});

export type CataloguesSettings = z.output<typeof cataloguesSettings>;

/** Returns the catalogues that a stack uses, in the order of the table. */
export const usedCatalogues = (settings: CataloguesSettings | undefined): CatalogueName[] =>
  NAMES.filter((name) => settings?.[name] !== undefined);

/** Returns an agent's entry in a catalogue that the stack uses. */
export function entryIn(name: CatalogueName, agent: Catalogued, settings: CataloguesSettings): Json {
  // The settings are those that the catalogue's own schema has read, which the compiler cannot follow through the table.
  return (CATALOGUES[name] as Catalogue).entry(agent, settings[name]);
}

/** Returns the packages that a stack's catalogues need. */
export const cataloguePackages = (settings: CataloguesSettings | undefined): string[] =>
  usedCatalogues(settings).flatMap((name) => (CATALOGUES[name] as Catalogue).packages ?? []);
