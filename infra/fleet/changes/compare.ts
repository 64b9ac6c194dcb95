import {
  type Listing,
  type Row,
  changedFields,
  listingTypeOf,
  typedListingOf,
} from "../../../providers/masumi/service/index.ts";

/** An on-chain value that differs from the declaration. */
export interface FieldDrift {
  /** As in an agent's file, but `apiBaseUrl` and `documentUrl` for its URLs; `wallet` and `sourceAddress` say where its money goes. */
  readonly field: string;
  /** Undefined if there is none. */
  readonly declared: unknown;
  readonly live: unknown;
}

/** Returns a registration's on-chain values that differ from the declaration: maps key by key, lists as a whole. */
export function compareContent(row: Row, declared: Listing, sourceAddress: string | undefined): FieldDrift[] {
  const live = { wallet: row, listing: row.listing, sourceAddress: row.sourceAddress };
  const wanted = { wallet: row, listing: declared, sourceAddress };
  return changedFields(live, wanted).flatMap((field): FieldDrift[] => {
    if (field === "sourceAddress") return [{ field, declared: sourceAddress, live: row.sourceAddress }];
    if (field === "listing")
      return [{ field, declared: listingTypeOf(declared), live: listingTypeOf(row.listing) }];
    // Also what a file leaves to the type.
    if (field === "documentUrl" || field === "protocolVersions") {
      return [
        { field, declared: typedListingOf(declared)?.[field], live: typedListingOf(row.listing)?.[field] },
      ];
    }
    const key = field as keyof Listing;
    if (key === "author" || key === "legal" || key === "capability") {
      return compareTexts(key, { ...declared[key] }, { ...row.listing[key] });
    }
    return [{ field, declared: declared[key], live: row.listing[key] }];
  });
}

type Texts = Readonly<Record<string, string | undefined>>;

const compareTexts = (field: string, declared: Texts, live: Texts): FieldDrift[] =>
  Object.keys({ ...declared, ...live })
    .filter((key) => (declared[key]?.trim() || undefined) !== (live[key]?.trim() || undefined))
    .map((key) => ({
      field: `${field}.${key}`,
      declared: declared[key] || undefined,
      live: live[key] || undefined,
    }));
