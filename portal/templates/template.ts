import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { CodedError } from "../../providers/common/coded-error.ts";
import { choicesSchema, slotProblems } from "./choices.ts";

const length = z.int().min(1).max(20_000);

const templateFields = z.strictObject({
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
  choices: choicesSchema,
  /**
   * The declaration, with [[name]], [[description]], [[bio]] and the choices in its texts; agents/agent.schema.json says what it may
   * have.
   */
  agent: z.record(z.string(), z.unknown()),
});

const templateSchema = templateFields.superRefine(({ choices, agent }, context) => {
  for (const { key, message } of slotProblems(choices, agent))
    context.addIssue({ code: "custom", path: ["choices", key], message });
});

/** An agent with slots, made by the operator; customers fill the slots. */
export interface Template extends z.output<typeof templateSchema> {
  readonly id: string;
}

/** The templates that come with the portal. */
export const OWN_TEMPLATES = import.meta.dirname;

type TemplateErrorCode = "PORTAL_TEMPLATES_INVALID";

/** The folder has no templates, or files that are none. */
export class TemplatesInvalidError extends CodedError<TemplateErrorCode> {
  constructor(problems: readonly string[]) {
    super(
      "PORTAL_TEMPLATES_INVALID",
      `the portal's templates cannot be read.\n${problems.join("\n")}`,
      "Correct these files, or have PORTAL_TEMPLATES name another folder; portal/templates has examples.",
    );
  }
}

/**
 * Reads the templates of a folder: each YAML file is one, and its name the template's id.
 *
 * @throws TemplatesInvalidError naming all that is wrong
 */
export function readTemplates(folder: string): ReadonlyMap<string, Template> {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isThere) throw new TemplatesInvalidError([`There is no folder ${folder}.`]);
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  if (files.length === 0) throw new TemplatesInvalidError([`There is no template (*.yaml) in ${folder}.`]);
  const problems: string[] = [];
  const templates = files.toSorted().flatMap((file): [string, Template][] => {
    const read = templateIn(readFileSync(join(folder, file), "utf8"));
    const id = basename(file, ".yaml");
    if (typeof read !== "string") return [[id, { id, ...read }]];
    problems.push(`${join(folder, file)}:\n${read}`);
    return [];
  });
  if (problems.length > 0) throw new TemplatesInvalidError(problems);
  return new Map(templates);
}

/** Returns what a file says, or what is wrong with it. */
function templateIn(text: string): z.output<typeof templateSchema> | string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return document.errors.map(({ message }) => message.trimEnd()).join("\n");
  const read = templateSchema.safeParse(document.toJS());
  return read.success ? read.data : z.prettifyError(read.error);
}
