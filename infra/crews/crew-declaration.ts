import { type Agent, type InputField, type PriceRule, READABLE_FILES } from "../declarations/index.ts";

/** A document as the runtime finds it: what its author calls it, and where it lies beside crew.json. */
export interface DeclaredFile {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  /** Only of a document that is too large for an image, so that it may not lie there and is fetched. */
  readonly bytes?: number;
}

/** What lies beside crew.json. */
export interface FilesBeside {
  readonly documents: readonly DeclaredFile[];
  /** The folder with crew.py, of a crew that is written in Python. */
  readonly code?: string;
}

/**
 * What the crew runtime is told about its agent (crew.json), as text that only changes with it. What only the registry
 * needs is left out, so that a change of it neither restarts a crew nor builds an image.
 */
export function crewDeclaration(agent: Agent, network: string, { documents, code }: FilesBeside): string {
  const { id, name, description, pricing, priceRule, input, model, exampleOutputs, source } = agent;
  if (source.kind !== "inline" && code === undefined) throw new Error(`${agent.id} has no crew to declare`);
  return JSON.stringify({
    id,
    name,
    description,
    network,
    pricing,
    ...(priceRule ? { payment: { priceRule: ruleOf(priceRule) } } : {}),
    input: source.kind === "inline" ? input.map(readable) : input,
    ...(source.kind === "inline" ? { crew: source.crew } : { code }),
    model,
    exampleOutputs,
    ...(documents.length > 0 ? { documents } : {}),
  });
}

/** A declared crew is given a file's text: so no other files are asked for. */
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
