import type { StackConfig } from "../../infra/config.ts";
import type { Agent } from "../../infra/declarations/index.ts";
import type { Survey } from "../../infra/fleet/index.ts";
import {
  type Row,
  isLeaving,
  isLive,
  isOver,
  isPending,
  marker,
  ownerTag,
} from "../../providers/masumi/service/index.ts";
import type { Reason } from "./transcribe.ts";

/** What the stack declares already. */
export interface Declared {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
}

/** Return the file that declares a registration, by its mark or by adopt. */
export function fileOf(row: Row, { config, agents }: Declared): string | undefined {
  const isIts = ({ id, adopt }: Agent) => adopt === row.id || row.markers.includes(marker(config.owner, id));
  return agents.find(isIts)?.file;
}

/** Return whether it carries another owner's marker: another stack manages it. */
export const isOfOtherOwner = ({ markers }: Row, { owner }: Pick<StackConfig, "owner">): boolean =>
  markers.length > 0 && !markers.some((mark) => mark.startsWith(`${ownerTag(owner)}-`));

/** Return the registrations of the stack's wallets that are or will be on the chain and that no file declares, oldest first. */
export function undeclared(rows: readonly Row[], declared: Declared): { ours: Row[]; ofOthers: Row[] } {
  const vkeys = new Set(declared.config.wallets.map(({ vkey }) => vkey));
  const found = rows
    .filter((row) => vkeys.has(row.walletVkey) && !isOver(row.state) && !isLeaving(row.state))
    .filter((row) => !fileOf(row, declared))
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  return {
    ours: found.filter((row) => !isOfOtherOwner(row, declared.config)),
    ofOthers: found.filter((row) => isOfOtherOwner(row, declared.config)),
  };
}

/** Return the registration that was asked for by id, agent identifier or name; of several with one name, none. */
export function findNamed(
  asked: string,
  { rows, skipped = [] }: Pick<Survey, "rows" | "skipped">,
): Row | Reason {
  const exact = rows.find(({ id, agentIdentifier }) => id === asked || agentIdentifier === asked);
  if (exact) return exact;
  const named = rows.filter(({ listing }) => listing.name === asked);
  const present = named.filter(({ state }) => !isOver(state));
  const [only] = present.length > 0 ? present : named;
  const other = skipped.find(({ id, name }) => id === asked || name === asked);
  if (!only && other) {
    return {
      field: "",
      message: `registration ${other.id} cannot be understood: ${other.problem}`,
      remedy: "only what this version understands can be imported: update masumi-agents",
    };
  }
  if (!only) {
    return {
      field: "",
      message: "no registration on this network has this id, agent identifier or name",
      remedy: "npx masumi-agents import without names lists what can be imported",
    };
  }
  if (present.length <= 1) return only;
  return {
    field: "",
    message: `${present.length} registrations have this name`,
    remedy: `name one by its id: ${present.map(({ id, state }) => `${id} (${state})`).join(", ")}`,
  };
}

/** Return what keeps a registration from being taken over, whatever it says; undefined if nothing does. */
export function obstacle(row: Row, declared: Declared): Reason | undefined {
  const file = fileOf(row, declared);
  if (file)
    return { field: "", message: `${file} declares it already`, remedy: "see npx masumi-agents drift" };
  const stateObstacle = obstacleOfState(row);
  if (stateObstacle) return stateObstacle;
  if (!declared.config.wallets.some(({ vkey }) => vkey === row.walletVkey)) {
    return {
      field: "wallet",
      message: `it is registered on wallet ${row.walletVkey}, which this stack does not have`,
      remedy: "add the wallet to masumi:wallets",
    };
  }
  return undefined;
}

function obstacleOfState({ state }: Row): Reason | undefined {
  if (isLive(state) || isPending(state) || state === "UpdateFailed") return undefined;
  const remedy = isOver(state)
    ? "nothing of it is on the chain: declare the agent, and up registers it"
    : isLeaving(state)
      ? "wait until it is gone"
      : "deregister it again in the payment service";
  return { field: "", message: `it is in state ${state}`, remedy };
}
