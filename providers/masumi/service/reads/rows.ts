import type { MasumiClient } from "../client/client.ts";
import { ownerOf, ownerTag } from "../marker.ts";
import type { Network, Row, SkippedEntry } from "../model.ts";

/** A registration with a marker of the owner. */
export interface OwnRow extends Row {
  /** The marker: equal to `marker(owner, agent id)` of the agent it registers. */
  readonly marker: string;
}

export interface RowScope {
  readonly network: Network;
  /** Requests only registrations of wallets with these addresses; if absent, everybody's. */
  readonly walletAddresses?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called if a list lacks rows that the service itself counts; without it such a list is an error. */
  readonly onShort?: ((missing: number) => void) | undefined;
  /** Called with each entry that cannot be understood, or is of an unknown type. */
  readonly onSkipped?: ((entry: SkippedEntry) => void) | undefined;
}

/**
 * Returns the registrations of a network, V1 and V2, in every state (including failed and deregistered ones), newest first.
 * Read-only; any permission of the API key is enough. Requests: pages of 100 rows for each address and type.
 *
 * @throws ServiceError, RefusedError; never an incomplete list
 */
export async function readRows(
  client: MasumiClient,
  { network, walletAddresses, onShort, ...options }: RowScope,
): Promise<Row[]> {
  const types = ["V1", "V2"] as const;
  const lists = await Promise.all(
    types.flatMap((type) =>
      walletAddresses
        ? walletAddresses.map((search) => client.listOwn({ network, type, search }, options))
        : [client.listAll({ network, type }, { ...options, onShort })],
    ),
  );
  const rows = new Map(lists.flat().map((row) => [row.id, row]));
  return [...rows.values()].toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Returns those rows that have a marker of the owner (masumi:owner). */
export function ownRows(rows: readonly Row[], owner: string): OwnRow[] {
  const tag = ownerTag(owner);
  return rows.flatMap((row) => {
    const mark = row.markers.find((candidate) => ownerOf(candidate) === tag);
    return mark === undefined ? [] : [{ ...row, marker: mark }];
  });
}
