import {
  type Agent,
  type EntryPoint,
  type InputField,
  type PriceRule,
  READABLE_FILES,
  STANDARD_DISCLOSURE,
} from "../declarations/index.ts";

/** A document as the runtime finds it: the name that its author uses, and its path relative to crew.json. */
export interface DeclaredFile {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  /** Only for a document that is too large for an image, so it may be absent and has to be fetched. */
  readonly bytes?: number;
}

/** Code as the runtime finds it. */
export interface DeclaredCode extends EntryPoint {
  /** The folder that its paths are in, relative to crew.json. */
  readonly folder: string;
  /** The folder of the packages that it needs beside those of the runtime, relative to crew.json. */
  readonly packages?: string;
}

/** The files next to crew.json. */
export interface FilesBeside {
  readonly documents: readonly DeclaredFile[];
  /** For a crew or a flow written in Python. */
  readonly code?: DeclaredCode;
}

/**
 * Returns the content of crew.json, which tells the crew runtime about its agent. What only the registry needs is left out, which
 * is the legal texts, so changing it neither restarts a crew nor builds an image.
 */
export function crewDeclaration(agent: Agent, network: string, { documents, code }: FilesBeside): string {
  const { id, name, description, disclosure = STANDARD_DISCLOSURE, capability, tags, author } = agent;
  const { listing, pricing, priceRule, input, model, exampleOutputs, source } = agent;
  if (source.kind !== "inline" && code === undefined) throw new Error(`${agent.id} has no crew to declare`);
  return JSON.stringify({
    id,
    name,
    description,
    disclosure,
    capability,
    tags,
    author,
    network,
    // The other documents are served in any case.
    ...(listing?.type === "x402" ? { listing: listing.type } : {}),
    pricing,
    ...(priceRule ? { payment: { priceRule: ruleOf(priceRule) } } : {}),
    input: source.kind === "inline" ? input.map(readable) : input,
    ...(source.kind === "inline" ? { crew: source.crew } : { code }),
    model,
    exampleOutputs,
    ...(documents.length > 0 ? { documents } : {}),
  });
}

/** Restricts a file field to readable types, because a declared crew gets only the text of files. */
function readable(field: InputField): InputField {
  const { type, validations = [] } = field;
  if (type !== "file" || validations.some(({ validation }) => validation === "accept")) return field;
  const accept = { validation: "accept", value: [...READABLE_FILES.keys()].join(",") } as const;
  return { ...field, validations: [...validations, accept] };
}

const ruleOf = ({ prices, times }: PriceRule) => ({
  funds: prices.map(({ amount, unit }) => ({ amount, unit })),
  ...(times === undefined ? {} : { times }),
});
