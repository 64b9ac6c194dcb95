export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON with the keys of every object in the CLI's order, so that what the state keeps does not change with the engine. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) =>
    isRecord(child)
      ? Object.fromEntries(Object.entries(child).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}
