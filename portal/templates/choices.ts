import { z } from "zod";

/** What nobody else calls a field of the form. */
const RESERVED = ["name", "bio", "description", "template", "docs", "documents", "choices"];
const KEY = /^[a-z][A-Za-z0-9]{0,39}$/;

const shown = z.string().trim().min(1).max(100);
const option = z.object({ name: shown, value: z.unknown() });

/** As a list, what is shown is also the value; as a map, what is shown has any value that a declaration may have in that place. */
const options = z
  .union([
    z
      .array(z.union([shown, z.number()]))
      .transform((values) => values.map((value) => ({ name: String(value), value }))),
    z
      .record(shown, z.unknown())
      .transform((values) => Object.entries(values).map(([name, value]) => ({ name, value }))),
  ])
  .pipe(z.array(option).min(2))
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "has an option twice");

const choice = z
  .strictObject({
    /** What the form calls it. */
    name: shown,
    hint: z.string().optional(),
    options,
    /** What an agent has whose customer did not choose. @default none: the customer has to choose */
    default: z.union([shown, z.number()]).transform(String).optional(),
  })
  .refine(
    ({ options: all, default: usual }) => usual === undefined || all.some(({ name }) => name === usual),
    { path: ["default"], message: "is not one of the options" },
  );

/** What a template leaves to its customers beside texts, by the name of the slot: [[price]]. */
export const choicesSchema = z
  .record(z.string().regex(KEY, "is a name of letters and digits, as in `price`"), choice)
  .superRefine((choices, context) => {
    for (const key of Object.keys(choices)) {
      if (RESERVED.includes(key))
        context.addIssue({ code: "custom", path: [key], message: "is a name that the form has already" });
    }
  })
  .default({});

export type Choices = z.output<typeof choicesSchema>;

/** What a customer chose: the option's name, by the choice's. */
export type Chosen = Readonly<Record<string, string>>;

const SLOT = /\[\[([a-z][A-Za-z0-9]*)\]\]/g;
const WHOLE = new RegExp(`^${SLOT.source}$`);

/** Returns what is wrong with the slots of a declaration: a choice that changes nothing, or one that cannot stand within a text. */
export function slotProblems(
  choices: Choices,
  agent: unknown,
): { readonly key: string; readonly message: string }[] {
  const texts = textsIn(agent);
  return Object.entries(choices).flatMap(([key, { options: all }]) => {
    const slot = `[[${key}]]`;
    const within = texts.filter((text) => text.includes(slot));
    if (within.length === 0) return [{ key, message: `changes nothing: agent has no ${slot}` }];
    const isPlain = all.every(({ value }) => typeof value === "string" || typeof value === "number");
    if (isPlain || within.every((text) => text === slot)) return [];
    return [{ key, message: `has options that are no texts, so ${slot} cannot stand within one` }];
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/**
 * Fills the slots of every text in one pass: what was filled in is never looked at again. Keys are the template's.
 *
 * @param textOf the text of a slot that a customer writes; undefined if it is none
 */
export function filled(
  value: unknown,
  slots: {
    readonly textOf: (slot: string) => string | undefined;
    readonly valueOf: (slot: string) => unknown;
  },
): unknown {
  if (typeof value === "string") {
    const [, whole = ""] = WHOLE.exec(value) ?? [];
    const chosen = slots.valueOf(whole);
    if (chosen !== undefined) return chosen;
    return value.replaceAll(SLOT, (text, slot: string) => {
      const found = slots.textOf(slot) ?? slots.valueOf(slot);
      return typeof found === "string" || typeof found === "number" ? String(found) : text;
    });
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, slots));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, slots)]));
}

const own = (chosen: Chosen, key: string): string | undefined =>
  Object.hasOwn(chosen, key) ? chosen[key] : undefined;

/** Returns the value that a customer's choice stands for; undefined if there is no such choice. */
export function valueChosen(choices: Choices, chosen: Chosen, key: string): unknown {
  if (!Object.hasOwn(choices, key)) return undefined;
  return choices[key]?.options.find(({ name }) => name === own(chosen, key))?.value;
}

/** Returns what an agent is made by: what was sent, else what it has, else what is usual. What was sent beside that stays, to be refused. */
export function chosenOf(choices: Choices, sent: Chosen, kept: Chosen = {}): Chosen {
  const known = Object.entries(choices).flatMap(([key, { default: usual }]) => {
    const option = own(sent, key) ?? own(kept, key) ?? usual;
    return option === undefined ? [] : [[key, option] as const];
  });
  const others = Object.entries(sent).filter(([key]) => !Object.hasOwn(choices, key));
  return Object.fromEntries([...known, ...others]);
}

/** Returns what an example of a template is made by. */
export const usualChoices = (choices: Choices): Chosen =>
  Object.fromEntries(
    Object.entries(choices).map(
      ([
        key,
        {
          default: usual,
          options: [first],
        },
      ]) => [key, usual ?? first?.name ?? ""],
    ),
  );

/** Returns what is wrong with a customer's choices, by their fields: `choices.price`. */
export function choiceProblems(
  choices: Choices,
  chosen: Chosen,
): { readonly field: string; readonly message: string }[] {
  const wrong = Object.entries(choices)
    .filter(([key]) => valueChosen(choices, chosen, key) === undefined)
    .map(([key, { options: all }]) => ({
      field: `choices.${key}`,
      message: `has to be one of these: ${all.map(({ name }) => name).join(", ")}`,
    }));
  const keys = Object.keys(choices);
  if (Object.keys(chosen).every((key) => Object.hasOwn(choices, key))) return wrong;
  const message =
    keys.length === 0
      ? "the template leaves no choices"
      : `the template leaves these choices alone: ${keys.join(", ")}`;
  return [...wrong, { field: "choices", message }];
}
