/** Catalogues beside the Masumi network in which agents are listed as they are declared. Loads no Pulumi. */
export { type Place, cataloguedOf } from "./catalogued.ts";
export {
  CATALOGUES,
  type CatalogueName,
  type CataloguesSettings,
  cataloguePackages,
  cataloguesSettings,
  entryIn,
  usedCatalogues,
} from "./catalogues.ts";
export type { Catalogue, Catalogued, Json } from "./kind.ts";
