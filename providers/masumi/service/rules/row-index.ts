import { type Row, isBurnable, isOver } from "../model.ts";
import { documentUrlOf } from "../listing-type.ts";
import { withoutVersion } from "./identifier.ts";

/**
 * Finds rows in a list without going through it each time: a thousand agents look at the same one. Made when it is first asked for, and
 * kept as long as the list, which must not change.
 */
export class RowIndex {
  static readonly #indexes = new WeakMap<readonly Row[], RowIndex>();

  readonly #rows: readonly Row[];
  #byMarker: ReadonlyMap<string, readonly Row[]> | undefined;
  #byPlace: ReadonlyMap<string, readonly Row[]> | undefined;
  #burnable: ReadonlyMap<string, readonly Row[]> | undefined;
  #tokens: ReadonlySet<string> | undefined;

  private constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  static of(rows: readonly Row[]): RowIndex {
    const index = RowIndex.#indexes.get(rows) ?? new RowIndex(rows);
    RowIndex.#indexes.set(rows, index);
    return index;
  }

  /** Returns the rows with a marker, in the list's order. */
  withMarker(marker: string): readonly Row[] {
    this.#byMarker ??= grouped(this.#rows, ({ markers }) => new Set(markers));
    return this.#byMarker.get(marker) ?? [];
  }

  /** Returns the rows of a wallet whose agent, or its document, is at a URL, however that is spelled, in the list's order. */
  at(walletVkey: string, url: string): readonly Row[] {
    this.#byPlace ??= grouped(
      this.#rows,
      ({ walletVkey, listing }) =>
        new Set(
          [listing.apiBaseUrl, documentUrlOf(listing)].flatMap((at) => (at ? [placeOf(walletVkey, at)] : [])),
        ),
    );
    return this.#byPlace.get(placeOf(walletVkey, url)) ?? [];
  }

  /** The identifiers, without versions, of the tokens that rows account for. A row that is over accounts for none. */
  get tokens(): ReadonlySet<string> {
    this.#tokens ??= new Set(
      this.#rows
        .filter(({ agentIdentifier, state }) => agentIdentifier && !isOver(state))
        .map((row) => withoutVersion(row.agentIdentifier, row)),
    );
    return this.#tokens;
  }

  /** Returns how many rows of a wallet can be burned. */
  burnable(walletVkey: string): number {
    this.#burnable ??= grouped(this.#rows, (row) => (isBurnable(row.state) ? [row.walletVkey] : []));
    return this.#burnable.get(walletVkey)?.length ?? 0;
  }
}

function grouped(rows: readonly Row[], keysOf: (row: Row) => Iterable<string>): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const key of keysOf(row)) {
      const group = groups.get(key);
      if (group) group.push(row);
      else groups.set(key, [row]);
    }
  }
  return groups;
}

const placeOf = (walletVkey: string, url: string) => `${walletVkey} ${canonicalUrl(url)}`;
const canonicalUrl = (url: string) => (URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, "");
