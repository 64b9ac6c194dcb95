import type { Network } from "../model.ts";

/** How many registrations a run may burn without their being named. */
export const UNNAMED_BURNS: Readonly<Record<Network, number>> = { Preprod: 3, Mainnet: 0 };

export interface BurnRequest {
  readonly network: Network;
  readonly agentId: string;
  readonly rowId: string;
  /** Whether the run removes the whole stack. */
  readonly isDestroy: boolean;
  /** Unnamed registrations that this run has burned so far. */
  readonly unnamedSoFar: number;
  /** masumi:allowDeregister: agent ids or row ids */
  readonly allowed: readonly string[];
  /** MASUMI_ALLOW_DEREGISTER: agent ids or row ids, comma-separated, or `all` */
  readonly allowedByEnvironment: string | undefined;
}

/** Returns whether a registration may be burned, and whether that counts against the run's limit. Pure. */
export function decideBurn(request: BurnRequest): { readonly allowed: boolean; readonly counts: boolean } {
  const { network, agentId, rowId, isDestroy, unnamedSoFar, allowed, allowedByEnvironment = "" } = request;
  const isNamedIn = (names: readonly string[]) => names.includes(agentId) || names.includes(rowId);
  if (isDestroy) {
    const names = allowedByEnvironment.split(",").map((name) => name.trim());
    return { allowed: network !== "Mainnet" || names.includes("all") || isNamedIn(names), counts: false };
  }
  if (isNamedIn(allowed)) return { allowed: true, counts: false };
  return { allowed: unnamedSoFar < UNNAMED_BURNS[network], counts: true };
}
