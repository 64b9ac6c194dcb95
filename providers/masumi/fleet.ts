import type { MasumiClient } from "./client.ts";
import { ownerOf, ownerTag } from "./marker.ts";
import type { Network, Row } from "./model.ts";

/** A registration that bears a marker of the owner. */
export interface OwnRow extends Row {
  /** The marker: equal to `marker(owner, agent id)` of the agent it registers. */
  readonly marker: string;
}

export interface FleetScope {
  readonly network: Network;
  /** masumi:owner */
  readonly owner: string;
  /** Only registrations of these wallets. */
  readonly walletVkeys: readonly string[];
  /** Addresses of all those wallets, if they are known: then only their rows are asked for, not everybody's. */
  readonly walletAddresses?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * All registrations of this owner on these wallets, V1 and V2, in every state (also failed and deregistered
 * ones), newest first. Reads only; every right of an API key will do.
 *
 * @throws ServiceError, RefusedError; never an incomplete list
 */
export async function readFleet(client: MasumiClient, scope: FleetScope): Promise<OwnRow[]> {
  const { network, owner, walletVkeys, walletAddresses, signal } = scope;
  const types = ["V1", "V2"] as const;
  const lists = await Promise.all(
    types.flatMap((type) =>
      walletAddresses
        ? walletAddresses.map((search) => client.listOwn({ network, type, search }, { signal }))
        : [client.listAll({ network, type }, { signal })],
    ),
  );
  const rows = new Map(lists.flat().map((row) => [row.id, row]));
  return [...rows.values()]
    .filter(({ walletVkey }) => walletVkeys.includes(walletVkey))
    .flatMap((row) => {
      const mark = row.markers.find((tag) => ownerOf(tag) === ownerTag(owner));
      return mark === undefined ? [] : [{ ...row, marker: mark }];
    })
    .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}
