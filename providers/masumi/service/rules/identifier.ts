import type { Row } from "../model.ts";

/** The last three bytes of a V2 identifier count its updates. */
const VERSION_LENGTH = 6;

/** Returns what of an agent's identifier stays the same for as long as its token exists. */
export const withoutVersion = (identifier: string, { type }: Pick<Row, "type">): string =>
  type === "V2" ? identifier.slice(0, -VERSION_LENGTH) : identifier;
