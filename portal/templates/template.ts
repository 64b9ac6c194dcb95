import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const length = z.int().min(1).max(20_000);

const templateSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** The most characters that each text of the form may have. */
  takes: z.strictObject({ name: length, description: length, bio: length }),
  documents: z.strictObject({
    least: z.int().min(0).default(0),
    most: z.int().min(0),
    /** The most bytes that one document may have. */
    mostBytes: z.int().min(1),
    /** Ends of names, in lower case, with the dot. */
    types: z.array(z.string().regex(/^\.[a-z0-9]+$/)),
  }),
  /** The declaration, with [[name]], [[description]] and [[bio]] in its texts; agents/agent.schema.json says what it may have. */
  agent: z.record(z.string(), z.unknown()),
});

/** An agent with slots, made by the operator; customers fill the slots. */
export interface Template extends z.output<typeof templateSchema> {
  readonly id: string;
}

/** The templates that come with the portal. */
export const OWN_TEMPLATES = import.meta.dirname;

/** Reads the templates of a folder: each YAML file is one, and its name the template's id. */
export function readTemplates(folder: string): ReadonlyMap<string, Template> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const templates = files.toSorted().map((file): [string, Template] => {
    const read = templateSchema.safeParse(parse(readFileSync(join(folder, file), "utf8")));
    if (!read.success)
      throw new Error(`${join(folder, file)} is not a template:\n${z.prettifyError(read.error)}`);
    const id = basename(file, ".yaml");
    return [id, { id, ...read.data }];
  });
  if (templates.length === 0) throw new Error(`There is no template in ${folder}.`);
  return new Map(templates);
}
