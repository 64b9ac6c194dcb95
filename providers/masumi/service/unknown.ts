/** Placeholder for a value that is not known yet, which `check` and `diff` may receive anywhere in the inputs in previews. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isUnknown = (value: unknown): boolean => value === UNKNOWN;
