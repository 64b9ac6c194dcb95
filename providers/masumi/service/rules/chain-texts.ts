import { LARGEST_METADATUM, bytesOf } from "../../../common/kept-text.ts";
import { printable } from "../../../common/printable.ts";
import type { Dialect } from "../client/convert.ts";
import { RegistrationError } from "../errors.ts";
import type { Listing, Row } from "../model.ts";
import { documentUrlOf } from "../listing-type.ts";

/*
 * How the service puts a listing on the chain: tags as they are, every other text in pieces. The chain refuses a transaction
 * with a text of more than 64 bytes, and with it all agents in it.
 */

/** The releases up to 0.27 cut texts into pieces of so many UTF-16 units; since 0.28 pieces have at most 60 bytes. */
const PIECE = 60;

function proseOf(listing: Listing): string[] {
  const { name, description, apiBaseUrl, capability, author, legal, exampleOutputs } = listing;
  const parts = [capability, author, legal, ...exampleOutputs].flatMap((part) => Object.values(part));
  return [name, description, apiBaseUrl, documentUrlOf(listing), ...parts].filter(
    (text) => text !== undefined,
  );
}

const piecesOf = (text: string): string[] =>
  Array.from({ length: Math.ceil(text.length / PIECE) }, (_, at) => text.slice(at * PIECE, (at + 1) * PIECE));

/** @throws RegistrationError TEXT_TOO_LONG if the chain would refuse one of the texts, as this release writes them */
export function assertTextsFit(agentId: string, listing: Listing, { hasV2 }: Pick<Dialect, "hasV2">): void {
  const pieces = hasV2 ? [] : proseOf(listing).flatMap(piecesOf);
  const long = [...listing.tags, ...pieces].find((text) => bytesOf(text) > LARGEST_METADATUM);
  if (long === undefined) return;
  throw new RegistrationError({
    code: "TEXT_TOO_LONG",
    what: `${agentId}: the chain takes "${printable(long)}" in one piece of ${bytesOf(long)} bytes, and at most ${LARGEST_METADATUM} are allowed.`,
  });
}

/** Why the chain refused a transaction with a row in it. */
export interface Blame {
  /** The text that is too long. */
  readonly text: string;
  readonly isOwn: boolean;
  /** Other agents with this text whose transaction failed, of the same wallet. */
  readonly others: readonly Row[];
}

const has = ({ tags, ...listing }: Listing, text: string): boolean =>
  tags.includes(text) || proseOf({ tags, ...listing }).some((prose) => prose.includes(text));

/** Returns whose text it is that the chain found too long in a failed row's transaction; undefined if that was not why. */
export function blameFor(row: Row, rows: Iterable<Row>): Blame | undefined {
  const [, text] = /Metadatum value '(.*)' is too long/su.exec(row.error) ?? [];
  if (!text) return undefined;
  const isOther = (other: Row) =>
    other.id !== row.id &&
    other.walletVkey === row.walletVkey &&
    other.state.endsWith("Failed") &&
    has(other.listing, text);
  return { text, isOwn: has(row.listing, text), others: [...rows].filter(isOther) };
}

/** Returns the blame in words, or "" if there is none. */
export function describeBlame(blame: Blame | undefined): string {
  if (!blame) return "";
  const text = `"${printable(blame.text)}" (${bytesOf(blame.text)} bytes, at most ${LARGEST_METADATUM})`;
  if (blame.isOwn) return `The text that the chain refused is its own: ${text}.`;
  const names = blame.others.map(({ id, listing }) => `"${printable(listing.name)}" (registration ${id})`);
  const whose = names.length > 0 ? `that of ${names.join(", ")}` : "of an agent that is not in the list";
  return `It failed with its batch: the text that the chain refused is not its own but ${whose}: ${text}.`;
}
