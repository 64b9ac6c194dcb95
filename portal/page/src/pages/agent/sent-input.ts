import type { InputField } from "../../wire.ts";
import { type Entered, isEmpty, isNumber, isShown } from "./input-values.ts";

const dataUrl = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      // The name helps the agent to tell what it got; `data:` has a place for it.
      const [head = "", content = ""] = (reader.result as string).split(";base64,");
      resolve(`${head};name=${encodeURIComponent(file.name)};base64,${content}`);
    });
    reader.addEventListener("error", () => reject(new Error(`${file.name} could not be read.`)));
    reader.readAsDataURL(file);
  });

async function sentValue(field: InputField, value: Entered): Promise<unknown> {
  if (isNumber(field)) return Number(value);
  if (field.type === "file") return Promise.all((value as readonly File[]).map(dataUrl));
  return value;
}

/** Returns what the agent is given; fields that were left empty are left out. */
export async function inputOf(
  fields: readonly InputField[],
  values: Readonly<Record<string, Entered>>,
): Promise<Readonly<Record<string, unknown>>> {
  const filled = fields.filter((field) => isShown(field) && !isEmpty(values[field.id] ?? ""));
  const entries = filled.map(
    async (field) => [field.id, await sentValue(field, values[field.id] ?? "")] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
