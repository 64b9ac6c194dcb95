import { type Agent, type AgentSource, type WalletType, runsInRuntime } from "./agent.ts";
import { checkSecrets } from "./keys.ts";
import { type SharedRules, checkShared } from "./shared.ts";
import { type AssetTable, type Price, toBaseUnits } from "./schema/assets.ts";
import { checkDocuments } from "./documents.ts";
import { nearestSize } from "../hosting/sizes.ts";
import { type HostingKind, TRAITS, isHosting, placeTraits } from "../hosting/traits.ts";
import type { StackKeys } from "../hosting/agent-keys.ts";
import type { Complain } from "./load/located.ts";
import { resolveListing } from "./resolve-listing.ts";
import { resolveSources } from "./resolve-sources.ts";
import type { X402Settings } from "./schema/x402.ts";
import { OTHER_SOURCE, resolveFolder } from "./build/folder.ts";
import type { Complaint } from "./load/complaint.ts";
import type { Declaration } from "./schema/schema.ts";
import { didYouMean } from "./schema/suggest.ts";
import { isPrivateUrl } from "../../providers/common/public-address.ts";

/** What a stack offers its agents. */
export interface StackContext {
  readonly projectRoot: string;
  readonly stack: string;
  /** masumi:hosting */
  readonly hosting: string;
  /** masumi:shared */
  readonly shared?: SharedRules | undefined;
  /** Whether documents may be too large for an image. */
  readonly hasBucket: boolean;
  /** Whether there is a place for stored documents, which the bucket is too. */
  readonly hasStore: boolean;
  readonly table: AssetTable;
  /** masumi:x402 */
  readonly x402?: X402Settings | undefined;
  /** masumi:wallets; undefined if unknown. */
  readonly wallets: readonly { readonly vkey: string; readonly type: WalletType }[] | undefined;
  /** The keys that it has; undefined if unknown. */
  readonly keys?: StackKeys | undefined;
  /** Where complaints go that are about a line of another file than the declaration. */
  readonly complaints: Complaint[];
  /** Whether agents may have URLs that only this machine or its network can reach; undefined if unknown. */
  readonly allowPrivateUrls?: boolean | undefined;
  /** masumi:requireEvals: whether a crew without evaluations is refused. */
  readonly requireEvals?: boolean | undefined;
}

/** Returns where an agent runs in a stack. An invalid masumi:hosting is a problem of the configuration, not of the file. */
export const hostingOf = (declaration: Declaration, { hosting }: StackContext): HostingKind =>
  declaration.hosting ?? (isHosting(hosting) ? hosting : "process");

/** Returns a valid declaration as an agent of this stack. The result is usable only if there is no complaint. */
export function resolveAgent(
  declaration: Declaration,
  { id, file }: { readonly id: string; readonly file: string },
  context: StackContext,
  complain: Complain,
): Agent {
  const hosting = hostingOf(declaration, context);
  const shared = hosting === "shared" ? { shared: { on: context.shared?.on } } : {};
  if (declaration.url === undefined) checkHosting(declaration, hosting, complain);
  else checkUrl(declaration.url, context, complain);
  checkWallet(declaration, context, complain);
  const listing = resolveListing(declaration, context, complain);
  const source = resolveSource(declaration, file, { ...context, hosting }, complain);
  const sources = resolveSources(declaration, runsInRuntime({ source }), context, complain);
  const isPaid = declaration.pricing !== "free";
  if (hosting === "shared")
    checkShared({ id, source, resources: declaration.resources }, context.shared, complain);
  checkSecrets(
    { id, source, hosting, ...shared, isPaid, stack: context.stack, secrets: declaration.secrets },
    context.keys,
    complain,
  );
  if (runsInRuntime({ source })) {
    const { projectRoot, hasBucket, hasStore } = context;
    const takesLarge = hasBucket || placeTraits(hosting, context).readsLocalFiles;
    checkDocuments(declaration.documents, { projectRoot, file, takesLarge, hasStore }, complain);
  } else if (declaration.documents.length > 0 && source.kind !== "url") complainOfUnread(complain);
  if (declaration.container) checkContainer(source, hosting, complain);
  const { payment, wallet, adopt, container, user, disclosure, evals } = declaration;
  checkEvaluated(declaration, source, context, complain);
  if (disclosure !== undefined && !runsInRuntime({ source })) complainOfUnshown(complain);
  return {
    id,
    file,
    name: declaration.name,
    description: declaration.description,
    ...(disclosure === undefined ? {} : { disclosure }),
    capability: declaration.capability,
    tags: declaration.tags,
    author: declaration.author,
    legal: declaration.legal,
    ...resolvePricing(declaration, runsInRuntime({ source }), context.table, complain),
    exampleOutputs: declaration.exampleOutputs,
    ...(listing ? { listing } : {}),
    ...(sources.length > 0 ? { sources } : {}),
    input: declaration.input,
    source,
    model: declaration.model,
    documents: declaration.documents,
    ...(evals ? { evals } : {}),
    hosting,
    ...shared,
    resources: declaration.resources,
    ...(declaration.secrets ? { secrets: declaration.secrets } : {}),
    ...(container ? { container } : {}),
    ...(payment ? { paymentType: payment } : {}),
    ...(wallet ? { wallet } : {}),
    ...(adopt ? { adopt } : {}),
    ...(user ? { user } : {}),
  };
}

/** Checks what a stack can tell of a declaration of which only parts are valid, so that all complaints come at once. */
export function checkParts(parts: Partial<Declaration>, context: StackContext, complain: Complain): void {
  checkWallet(parts, context, complain);
  const { pricing } = parts;
  if (typeof pricing !== "object") return;
  if ("fixed" in pricing) resolvePrices(pricing.fixed, "fixed", context.table, complain);
  else resolvePrices(pricing.dynamic, "dynamic", context.table, complain);
}

function checkHosting(declaration: Declaration, hosting: HostingKind, complain: Complain): void {
  checkResources(declaration.resources, hosting, complain);
  if (declaration.image === undefined || TRAITS[hosting].runsImages) return;
  complain(["image"], `"image" is not available with hosting ${hosting}`, OTHER_SOURCE, "key");
}

/** What has no effect would look like a limit that holds. */
function checkContainer(source: AgentSource, hosting: HostingKind, complain: Complain): void {
  if (runsInRuntime({ source })) {
    complain(
      ["container"],
      '"container" is for images of your own: the crew runtime has the rights it needs, and a crew gets no others',
      "remove it, or add a Dockerfile to run an image of your own",
      "key",
    );
  } else if (!TRAITS[hosting].confinesContainers && TRAITS[hosting].runsImages) {
    complain(
      ["container"],
      `hosting ${hosting} cannot say what a container may do`,
      "remove it, or use ecs-alb or docker",
      "key",
    );
  }
}

const complainOfUnread = (complain: Complain) =>
  complain(
    ["documents"],
    "documents are not passed to an image of your own",
    "copy them in its Dockerfile, or use a crew or a folder with crew.py instead",
    "key",
  );

/** What cannot be evaluated would look like something that was; what need not be is not. */
function checkEvaluated(
  { evals }: Declaration,
  source: AgentSource,
  { stack, requireEvals = false }: StackContext,
  complain: Complain,
): void {
  const canBe = runsInRuntime({ source });
  if (evals && !canBe && source.kind !== "url") {
    complain(
      ["evals"],
      "only crews in the crew runtime are evaluated, and an image of your own does not run in it",
      "remove it, and evaluate the image where it is built",
      "key",
    );
  }
  if (evals || !canBe || !requireEvals) return;
  complain(
    [],
    `stack ${stack} demands evaluations (masumi:requireEvals), and the agent has none`,
    "add evals: with at least one job and what must hold of its result",
  );
}

/** Customers would not be told, whatever the file says. */
const complainOfUnshown = (complain: Complain) =>
  complain(
    ["disclosure"],
    "the disclosure is shown by the crew runtime, which this agent does not run in",
    "remove it, and tell customers in what the agent itself answers, or in its description",
    "key",
  );

/** An agent that nobody can reach would be registered for a fee, so up refuses it. */
function checkUrl(url: string, { allowPrivateUrls }: StackContext, complain: Complain): void {
  if (allowPrivateUrls !== false || !isPrivateUrl(url)) return;
  complain(
    ["url"],
    `"${url}" is an address that only this machine or its network can reach`,
    "give the agent a public URL (masumi:allowPrivateUrls is for simulated networks)",
  );
}

function checkResources(
  { cpu, memory, instances, autoscaling }: Declaration["resources"],
  hosting: HostingKind,
  complain: Complain,
): void {
  const nearest = nearestSize(TRAITS[hosting].sizes, { cpu, memory });
  if (nearest) {
    complain(
      ["resources"],
      `${hosting} has no container with cpu ${cpu} and memory ${memory}`,
      `the nearest size is { cpu: ${nearest.cpu}, memory: ${nearest.memory} }`,
      "key",
    );
  }
  if (TRAITS[hosting].instances !== "one") return;
  const surplus = autoscaling ? "autoscaling" : "instances";
  if (!autoscaling && instances === 1) return;
  complain(
    ["resources", surplus],
    `hosting ${hosting} runs one container per agent`,
    `remove ${surplus}, or run the agent on AWS`,
    "key",
  );
}

function checkWallet(
  { payment, wallet }: Partial<Declaration>,
  { wallets }: StackContext,
  complain: Complain,
): void {
  if (!wallets) return;
  const pinned = wallets.find(({ vkey }) => vkey === wallet);
  if (wallet && !pinned) {
    complain(
      ["wallet"],
      `wallet ${wallet} is not one of masumi:wallets`,
      didYouMean(
        wallet,
        wallets.map(({ vkey }) => vkey),
      ),
    );
  } else if (payment && pinned && pinned.type !== payment) {
    complain(
      ["payment"],
      `payment is ${payment}, but the wallet is of type ${pinned.type}`,
      "change one of them",
    );
  } else if (payment && !wallets.some(({ type }) => type === payment)) {
    complain(
      ["payment"],
      `this stack has no ${payment} wallet`,
      "add one to masumi:wallets, or choose the other type",
    );
  }
}

function resolvePricing(
  { pricing, input }: Declaration,
  isOurRuntime: boolean,
  table: AssetTable,
  complain: Complain,
): Pick<Agent, "pricing" | "priceRule"> {
  if (typeof pricing === "string") {
    if (pricing === "dynamic" && isOurRuntime) {
      complain(
        ["pricing"],
        "the price of a job is missing",
        "write pricing: { dynamic: [1 ADA], times: pages }, where pages is a number field in input",
      );
    }
    return { pricing: { type: pricing } };
  }
  if ("fixed" in pricing) {
    return { pricing: { type: "fixed", prices: resolvePrices(pricing.fixed, "fixed", table, complain) } };
  }
  const { dynamic, times } = pricing;
  const numbers = input.filter(({ type }) => type === "number" || type === "range").map(({ id }) => id);
  if (times !== undefined && !numbers.includes(times)) {
    complain(
      ["pricing", "times"],
      `"${times}" is not a number field in input`,
      numbers.length > 0 ? `choose from ${numbers.join(", ")}` : "add one, or remove times",
    );
  }
  const prices = resolvePrices(dynamic, "dynamic", table, complain);
  return { pricing: { type: "dynamic" }, priceRule: { prices, ...(times === undefined ? {} : { times }) } };
}

function resolvePrices(
  texts: readonly string[],
  kind: "fixed" | "dynamic",
  table: AssetTable,
  complain: Complain,
): Price[] {
  const prices: Price[] = [];
  for (const [index, text] of texts.entries()) {
    const path = ["pricing", kind, index];
    const price = toBaseUnits(text, table);
    if ("message" in price) {
      complain(path, `"${text}" ${price.message}`, price.remedy);
    } else if (prices.some(({ unit }) => unit === price.unit)) {
      complain(
        path,
        `"${text}" is a second price in the same token`,
        "all prices are paid together: add them up",
      );
    } else {
      prices.push(price);
    }
  }
  return prices;
}

function resolveSource(
  { crew, build, image, url, input, pricing }: Declaration,
  file: string,
  { projectRoot, hosting, complaints }: StackContext & { readonly hosting: HostingKind },
  complain: Complain,
): AgentSource {
  if (build !== undefined) {
    const times = typeof pricing === "object" && "times" in pricing ? pricing.times : undefined;
    return resolveFolder(build, { projectRoot, hosting, file, input, times }, complain, complaints);
  }
  if (image !== undefined) return { kind: "image", image };
  if (crew !== undefined) return { kind: "inline", crew };
  return { kind: "url", url: url?.replace(/\/+$/, "") ?? "" };
}
