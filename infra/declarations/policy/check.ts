import { join } from "node:path";
import { type HostingKind, type SharedPlace, isHosting, placeTraits } from "../../hosting/traits.ts";
import type { Network } from "../schema/assets.ts";
import { NEEDED_KEYS } from "../schema/schema.ts";
import { type Complain, type Located, type Path, toPlain } from "../load/located.ts";
import { isInside, realPath } from "../load/repository.ts";
import { isEntryOf, isFolderOf, isHostOf, isImageOf } from "./patterns.ts";
import { settingPlace } from "./place.ts";
import { type Policy, RESERVED_IDS } from "./settings.ts";

/** What a stack allows the authors of declarations. */
export interface AuthorRules extends SharedPlace {
  /** The repository's folder, absolute. */
  readonly projectRoot: string;
  readonly stack: string;
  readonly network: Network;
  /** masumi:hosting, such as `process`. */
  readonly hosting: string;
  /** masumi:hostings; default: masumi:hosting alone. */
  readonly hostings?: readonly string[] | undefined;
  /** masumi:policy */
  readonly policy?: Policy | undefined;
  /** Whether this machine is a pipeline's, which has keys that no crew may be near; see isPipeline. */
  readonly inPipeline?: boolean | undefined;
}

/** Returns whether an environment is a pipeline's: all of them set CI. */
export const isPipeline = ({ CI }: Readonly<Record<string, string | undefined>>): boolean =>
  CI !== undefined && !/^(|0|false)$/i.test(CI);

/**
 * Complains about what an author may not do in a stack, whether the declaration is right otherwise or not. `root` is what the file
 * says for this stack, with its overrides merged.
 */
export function checkPolicy(
  { root }: Pick<Located, "root">,
  id: string | undefined,
  rules: AuthorRules,
  complain: Complain,
): void {
  const written = toPlain(root) as Readonly<Record<string, unknown>>;
  checkHosting(written, rules, complain);
  checkId(id, "id" in written, rules, complain);
  checkKeys(Object.keys(written), rules, complain);
  checkPlaces(written, rules, complain);
}

/** Returns the hostings that agents of a stack may choose. What runs beside the deploying machine's keys is never among Mainnet's. */
export const allowedHostings = ({ hosting, hostings, network, shared }: AuthorRules): string[] =>
  [...new Set([hosting, ...(hostings ?? [])])].filter(
    (kind) => network !== "Mainnet" || !isHosting(kind) || !placeTraits(kind, { shared }).runsBesideKeys,
  );

function checkHosting(
  { hosting, url }: Readonly<Record<string, unknown>>,
  rules: AuthorRules,
  complain: Complain,
) {
  if (typeof hosting !== "string" || !isHosting(hosting) || url !== undefined) return;
  const refused = hostingRefusal(hosting, rules);
  if (refused) complain(["hosting"], ...refused);
}

function hostingRefusal(
  kind: HostingKind,
  rules: AuthorRules,
): [message: string, remedy: string] | undefined {
  const { projectRoot, stack, network, inPipeline } = rules;
  const runsBesideKeys = placeTraits(kind, rules).runsBesideKeys === true;
  if (runsBesideKeys && network === "Mainnet") {
    return [
      `hosting ${kind} would run the crew beside the keys of the machine that deploys, which is never allowed on Mainnet`,
      `remove it, so that the stack's hosting applies`,
    ];
  }
  const allowed = allowedHostings(rules);
  if (!allowed.includes(kind)) {
    const setting = rules.hostings ? "masumi:hostings" : "masumi:hosting";
    return [
      `hosting ${kind} is not allowed in stack ${stack}, only ${allowed.join(", ")} (${setting} in ${settingPlace(projectRoot, stack, [setting])})`,
      `remove it, or have the stack's owners add ${kind} to masumi:hostings`,
    ];
  }
  if (!runsBesideKeys || !inPipeline || kind === rules.hosting) return undefined;
  return [
    `hosting ${kind} would run the crew beside this pipeline's keys`,
    "remove it, or deploy this stack from a machine that is not a pipeline's (CI is set here)",
  ];
}

/** Returns whether a stack has an id for nobody. */
export function isReserved(id: string, { reservedIds, allowIds }: Policy = {}): boolean {
  const reserved: readonly string[] = reservedIds ?? RESERVED_IDS;
  return reserved.includes(id) && allowIds?.includes(id) !== true;
}

function checkId(id: string | undefined, isWritten: boolean, rules: AuthorRules, complain: Complain): void {
  const { projectRoot, stack, policy = {} } = rules;
  if (id === undefined || !isReserved(id, policy)) return;
  const by = policy.reservedIds
    ? `masumi:policy.reservedIds in ${settingPlace(projectRoot, stack, ["masumi:policy", "reservedIds"])}`
    : "a list that is built in";
  complain(
    isWritten ? ["id"] : [],
    `the id ${id} is reserved, because agents may be reached at a host of their id (${by})`,
    `choose another; an agent that is registered with it keeps it, and the stack's owners add it to masumi:policy.allowIds in ${settingPlace(projectRoot, stack)}`,
  );
}

function checkKeys(keys: readonly string[], rules: AuthorRules, complain: Complain): void {
  const { keys: limit } = rules.policy ?? {};
  if (!limit) return;
  const isAllowed =
    "allow" in limit
      ? (key: string) => [...limit.allow, ...NEEDED_KEYS].some((allowed) => allowed === key)
      : (key: string) => !limit.deny.some((denied) => denied === key);
  for (const key of keys) {
    if (!isAllowed(key)) forbid(rules, complain, "keys", [key], `"${key}"`, "key");
  }
}

/** Where things may be that a declaration names. */
function checkPlaces(
  written: Readonly<Record<string, unknown>>,
  rules: AuthorRules,
  complain: Complain,
): void {
  const { images, build, urls, fetchHosts } = rules.policy ?? {};
  const { image, build: folder, url, crew, listing } = written;
  const { document } = (listing ?? {}) as { readonly document?: unknown };
  if (images && typeof image === "string" && !isImageOf(images, image)) {
    forbid(rules, complain, "images", ["image"], `the image ${image}`);
  }
  if (build && typeof folder === "string" && !leadsInto(rules.projectRoot, build, folder)) {
    forbid(rules, complain, "build", ["build"], `the folder ${folder}`);
  }
  if (urls && typeof url === "string" && !isHostOf(urls, hostnameOf(url))) {
    forbid(rules, complain, "urls", ["url"], `the host of ${url}`);
  }
  if (urls && typeof document === "string" && !isHostOf(urls, hostnameOf(document))) {
    forbid(rules, complain, "urls", ["listing", "document"], `the host of ${document}`);
  }
  const hosts = (crew as { readonly fetch_hosts?: unknown } | null | undefined)?.fetch_hosts;
  for (const [index, host] of (fetchHosts && Array.isArray(hosts) ? hosts : []).entries()) {
    if (typeof host !== "string" || isEntryOf(fetchHosts ?? [], host)) continue;
    forbid(rules, complain, "fetchHosts", ["crew", "fetch_hosts", index], host);
  }
}

function forbid(
  { projectRoot, stack, policy }: AuthorRules,
  complain: Complain,
  setting: "keys" | "images" | "build" | "urls" | "fetchHosts",
  path: Path,
  what: string,
  part?: "key",
): void {
  const place = settingPlace(projectRoot, stack, ["masumi:policy", setting]);
  const limit = policy?.[setting] ?? [];
  const allowed = Array.isArray(limit) ? `, which allows ${limit.join(", ") || "none"}` : "";
  complain(
    path,
    `${what} is not allowed by masumi:policy.${setting} in ${place}${allowed}`,
    "change it, or ask the stack's owners to allow it",
    part,
  );
}

/** Returns whether a folder is one of these as it is written and where its links lead. What does not exist is complained of elsewhere. */
function leadsInto(projectRoot: string, folders: readonly string[], folder: string): boolean {
  if (!isFolderOf(folders, folder)) return false;
  return (
    !isInside(join(projectRoot, folder), projectRoot) || isFolderOf(folders, realPath(projectRoot, folder))
  );
}

function hostnameOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return "";
  }
}
