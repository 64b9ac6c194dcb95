import { stringify } from "yaml";

/** Returns a value as one line of YAML, as it may stand in a list or a map in brackets. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => `${flow(key)}: ${flow(inner)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  // As the only entry of a list, it is quoted where a comma or a bracket would end it.
  const options = { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false } as const;
  return stringify([value], options).trimEnd().slice(1, -1);
}

/** Returns the entries that the author of a text may have meant as a list: its lines without their dashes, or what commas separate. */
export function entriesOf(text: string): string[] {
  const lines = text.trim().split("\n");
  const parts = lines.length > 1 ? lines.map((line) => line.replace(/^\s*-\s+/, "")) : text.split(",");
  return parts.map((part) => part.trim()).filter(Boolean);
}
