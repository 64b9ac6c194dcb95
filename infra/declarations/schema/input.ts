import { z } from "zod";
import { matching, ruled, text } from "./texts.ts";

/*
 * The form that customers fill in: fields of an input_schema as defined by MIP-003 (attachment 01, "Input Validation Schema
 * Format"), plus `string` and `multiselect`, which the marketplace and the Python SDK support as well.
 */

/* Parts that many kinds of fields share. An `id` here names the part in the JSON Schema, so it appears there only once. */
const fieldId = matching(
  /^[A-Za-z_][A-Za-z0-9_-]*$/,
  "cannot be used in {…}",
  "start with a letter, followed by letters, digits, _ and -",
  100,
).meta({
  id: "fieldId",
  description: "Id of the field; the crew's texts refer to it as {id}.",
  examples: ["topic"],
});
const fieldName = text(250).meta({
  id: "fieldName",
  description: "Label shown to the customer.",
  examples: ["Topic"],
});
const description = z
  .string()
  .meta({ id: "fieldDescription", description: "Explanation shown next to the field." });
const placeholder = z
  .string()
  .meta({ id: "fieldPlaceholder", description: "Text shown in the field while it is empty." });

/* MIP-003 has limits as strings; authors may also write booleans and numbers. */
const flag = z
  .union([z.boolean(), z.enum(["true", "false"])], { error: "write true or false" })
  .transform(String);
const figure = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)], { error: "write a number" });
const amount = figure.transform(String);
/* What an agent publishes has these as numbers: JSON's readers hold 15 digits. */
const count = z
  .union(
    [
      z.int().min(1),
      z
        .string()
        .max(15)
        .regex(/^[1-9]\d*$/),
    ],
    { error: "write a whole number, at least 1" },
  )
  .transform(String);

const optional = z.strictObject({ validation: z.literal("optional"), value: flag }).meta({
  id: "optionalField",
  description: "Whether the field may be left empty; fields are required by default.",
});

const bounds = <T extends z.ZodType<string>>(value: T) =>
  [
    z.strictObject({ validation: z.literal("min"), value }),
    z.strictObject({ validation: z.literal("max"), value }),
  ] as const;

const format = <const T extends readonly string[]>(values: T) =>
  z.strictObject({ validation: z.literal("format"), value: z.enum(values) });

const accept = z.strictObject({
  validation: z.literal("accept"),
  value: text().meta({ description: "File types, as in HTML's accept.", examples: [".pdf,.docx"] }),
});

type Validation = z.ZodObject<{ validation: z.ZodLiteral<string>; value: z.ZodType<string> }>;

/** Returns the schema of several kinds of input that have the same data and validations. */
function field<const K extends readonly string[], D extends z.ZodType, V extends readonly Validation[]>(
  kinds: K,
  data: D,
  ...validations: V
) {
  return z.strictObject({
    id: fieldId,
    type: z.enum(kinds),
    name: fieldName,
    data,
    validations: z
      .array(z.discriminatedUnion("validation", [optional, ...validations]))
      .exactOptional()
      .meta({ description: "Constraints on what the customer may enter; all of them apply." }),
  });
}

const textData = z
  .strictObject({
    description: description.exactOptional(),
    placeholder: placeholder.exactOptional(),
    default: z.string().exactOptional(),
  })
  .exactOptional();
const numberData = z
  .strictObject({
    description: description.exactOptional(),
    placeholder: placeholder.exactOptional(),
    default: figure.exactOptional(),
  })
  .exactOptional();
const choiceData = z
  .strictObject({
    values: z
      .array(text())
      .min(1)
      .meta({ description: "The choices.", examples: [["small", "large"]] }),
    description: description.exactOptional(),
    placeholder: placeholder.exactOptional(),
    default: z.string().exactOptional(),
  })
  .meta({ examples: [{ values: ["small", "large"] }] });
const switchData = z
  .strictObject({
    description: description.exactOptional(),
    placeholder: placeholder.exactOptional(),
    label: z.string().exactOptional(),
    default: z.boolean().exactOptional(),
  })
  .exactOptional();

/** Date and time inputs, with the format of each. */
const moments = {
  date: /^\d{4}-\d\d-\d\d$/,
  "datetime-local": /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/,
  time: /^\d\d:\d\d(:\d\d)?$/,
  month: /^\d{4}-\d\d$/,
  week: /^\d{4}-W\d\d$/,
} as const;

/** Months, days, weeks and times of day that exist; the patterns above let through any digits. */
const exists = (kind: keyof typeof moments, value: string): boolean => {
  const [year = "", week] = value.split("-W");
  if (kind === "time") return isTime(value);
  if (kind === "week")
    return week !== undefined && Number(week) >= 1 && Number(week) <= weeksOf(Number(year));
  const [day = "", time] = value.split("T");
  const midnight = `${kind === "month" ? `${day}-01` : day}T00:00:00Z`;
  const found = new Date(midnight);
  const isDay = !Number.isNaN(found.getTime()) && found.toISOString().startsWith(midnight.slice(0, 10));
  return isDay && (time === undefined || isTime(time));
};

const isTime = (value: string): boolean => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(value);

/** A year has 53 weeks if it begins or ends on a Thursday. */
const weeksOf = (year: number): number =>
  [`${year}-01-01`, `${year}-12-31`].some((day) => new Date(day).getUTCDay() === 4) ? 53 : 52;

const examples = {
  date: "2026-12-31",
  "datetime-local": "2026-12-31T18:00",
  time: "18:00",
  month: "2026-12",
  week: "2026-W53",
};

const moment = <const K extends keyof typeof moments>(kind: K) => {
  const value = ruled(text(), {
    test: (value) => moments[kind].test(value) && exists(kind, value),
    wrong: `is not a ${kind}`,
    right: `write it in quotes, for example "${examples[kind]}"`,
    pattern: moments[kind].source,
  });
  const data = z.strictObject({ description: description.exactOptional(), default: value.exactOptional() });
  return field([kind], data.exactOptional(), ...bounds(value));
};

/** One field of the form that a customer fills in. */
export const inputField = z.discriminatedUnion("type", [
  field(["string", "text", "search"], textData, ...bounds(count), format(["nonempty", "url", "email"])),
  field(["textarea", "password"], textData, ...bounds(count), format(["nonempty"])),
  field(["email"], textData, ...bounds(count), format(["nonempty", "email"])),
  field(["url"], textData, ...bounds(count), format(["nonempty", "url"])),
  field(["tel"], textData, ...bounds(count), format(["nonempty", "tel-pattern", "tel_pattern"])),
  field(["number"], numberData, ...bounds(amount), format(["integer"])),
  field(
    ["range"],
    z
      .strictObject({
        description: description.exactOptional(),
        min: figure.exactOptional(),
        max: figure.exactOptional(),
        step: figure.exactOptional(),
        default: figure.exactOptional(),
      })
      .exactOptional(),
    ...bounds(amount),
  ),
  field(["boolean", "checkbox"], switchData),
  field(["option", "radio", "multiselect"], choiceData, ...bounds(count)),
  moment("date"),
  moment("datetime-local"),
  moment("time"),
  moment("month"),
  moment("week"),
  field(
    ["color"],
    z
      .strictObject({ description: description.exactOptional(), default: z.string().exactOptional() })
      .exactOptional(),
  ),
  field(
    ["file"],
    z
      .strictObject({ outputFormat: z.literal("url"), description: description.exactOptional() })
      .meta({ examples: [{ outputFormat: "url" }] }),
    accept,
    ...bounds(count),
  ),
  field(
    ["hidden"],
    z
      .strictObject({ value: z.string(), description: description.exactOptional() })
      .meta({ examples: [{ value: "v1" }] }),
  ),
  field(["none"], z.strictObject({ description: description.exactOptional() }).exactOptional()),
]);

export type DeclaredField = z.output<typeof inputField>;

/** Returns a field as it may be added for a placeholder. */
export const fieldFor = (id: string): { id: string; type: string; name: string } => ({
  id,
  type: "string",
  name: id.charAt(0).toUpperCase() + id.slice(1).replaceAll(/[-_]+/g, " ").trimEnd(),
});
