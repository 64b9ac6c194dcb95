import { type Row, marker } from "../../providers/masumi/service/index.ts";

const MAX_LENGTH = 63;

/** A text as the id of an agent: lower-case letters, digits and dashes; "" if nothing of it is left. */
const slug = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_LENGTH)
    .replaceAll(/^-+|-+$/g, "");

const lastSegment = (url: string): string =>
  URL.canParse(url) ? (new URL(url).pathname.split("/").findLast(Boolean) ?? "") : "";

/**
 * Return the id for an agent that is registered as `row`. A registration of ours carries the hash of its id, so an id
 * that fits it was its own; else it is made from the agent's name. An id that is taken or reserved gets a number.
 */
export function chooseId(
  row: Row,
  owner: string,
  isTaken: (id: string) => boolean,
  isReserved: (id: string) => boolean,
): string {
  const { name, capability, apiBaseUrl } = row.listing;
  const guesses = [name, capability.name, lastSegment(apiBaseUrl)].map(slug).filter(Boolean);
  const own = guesses.find((id) => row.markers.includes(marker(owner, id)));
  const wanted = own ?? guesses[0] ?? `agent-${row.id.slice(-8)}`;
  // With another id, an agent of ours would be registered again.
  if (!isTaken(wanted) && (wanted === own || !isReserved(wanted))) return wanted;
  const numbered = (number: number) => `${wanted.slice(0, MAX_LENGTH - 5)}-${number}`;
  let number = 2;
  while (isTaken(numbered(number))) number += 1;
  return numbered(number);
}
