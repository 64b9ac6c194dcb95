import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Agent, AgentSource, Pricing, WalletType } from "./agent.ts";
import { type AssetTable, type Price, toBaseUnits } from "./assets.ts";
import { nearestSize } from "./container-size.ts";
import { type HostingKind, demandsRefusedBy, isHosting, runs } from "./hosting.ts";
import type { Complain } from "./located.ts";
import { type PathProblem, pathProblem } from "./repository.ts";
import type { Declaration } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** What a stack offers its agents. */
export interface StackContext {
  readonly projectRoot: string;
  /** masumi:hosting */
  readonly hosting: string;
  readonly table: AssetTable;
  /** masumi:wallets; absent if they are not known here. */
  readonly wallets: readonly { readonly vkey: string; readonly type: WalletType }[] | undefined;
}

/** Where a declaration runs in a stack. A stack's hosting that is none is the configuration's complaint, not the file's. */
export const hostingOf = (declaration: Declaration, { hosting }: StackContext): HostingKind =>
  declaration.hosting ?? (isHosting(hosting) ? hosting : "process");

/** A right declaration as an agent of this stack. Without a complaint, the result can be used. */
export function resolveAgent(
  declaration: Declaration,
  { id, file }: { readonly id: string; readonly file: string },
  context: StackContext,
  complain: Complain,
): Agent {
  const hosting = hostingOf(declaration, context);
  if (declaration.url === undefined) checkHosting(declaration, hosting, complain);
  checkWallet(declaration, context, complain);
  const { payment, wallet, adopt } = declaration;
  return {
    id,
    file,
    name: declaration.name,
    description: declaration.description,
    capability: declaration.capability,
    tags: declaration.tags,
    author: declaration.author,
    legal: declaration.legal,
    pricing: resolvePricing(declaration.pricing, context.table, complain),
    exampleOutputs: declaration.exampleOutputs,
    input: declaration.input,
    source: resolveSource(declaration, file, { ...context, hosting }, complain),
    model: declaration.model,
    documents: resolveDocuments(declaration, file, { ...context, hosting }, complain),
    hosting,
    resources: declaration.resources,
    ...(payment ? { paymentType: payment } : {}),
    ...(wallet ? { wallet } : {}),
    ...(adopt ? { adopt } : {}),
  };
}

function checkHosting(declaration: Declaration, hosting: HostingKind, complain: Complain): void {
  checkResources(declaration.resources, hosting, complain);
  for (const key of demandsRefusedBy(hosting)) {
    const value = declaration[key];
    if (value === undefined || value.length === 0) continue;
    complain(
      [key],
      `"${key}" is not available with hosting ${hosting}`,
      key === "documents"
        ? "put what the crew must know into its texts, or remove it for this stack with overrides"
        : "write a crew, or another source for this stack with overrides",
      "key",
    );
  }
}

function checkResources(
  { cpu, memory, instances, autoscaling }: Declaration["resources"],
  hosting: HostingKind,
  complain: Complain,
): void {
  const nearest = nearestSize(hosting, { cpu, memory });
  if (nearest) {
    complain(
      ["resources"],
      `${hosting} has no container with cpu ${cpu} and memory ${memory}`,
      `the nearest is { cpu: ${nearest.cpu}, memory: ${nearest.memory} }`,
      "key",
    );
  }
  if (hosting !== "docker") return;
  const surplus = autoscaling ? "autoscaling" : "instances";
  if (!autoscaling && instances === 1) return;
  complain(
    ["resources", surplus],
    "hosting docker runs one container for each agent",
    `remove ${surplus}, or run it on AWS`,
    "key",
  );
}

function checkWallet({ payment, wallet }: Declaration, { wallets }: StackContext, complain: Complain): void {
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
      "make them agree",
    );
  } else if (payment && !wallets.some(({ type }) => type === payment)) {
    complain(
      ["payment"],
      `this stack has no ${payment} wallet`,
      "add one to masumi:wallets, or choose the other kind",
    );
  }
}

function resolvePricing(pricing: Declaration["pricing"], table: AssetTable, complain: Complain): Pricing {
  if (typeof pricing === "string") return { type: pricing };
  const prices: Price[] = [];
  for (const [index, text] of pricing.fixed.entries()) {
    const path = ["pricing", "fixed", index];
    const price = toBaseUnits(text, table);
    if ("message" in price) {
      complain(path, `"${text}" ${price.message}`, price.remedy);
    } else if (prices.some(({ unit }) => unit === price.unit)) {
      complain(path, `"${text}" is a second price in one token`, "all prices are paid together: add them up");
    } else {
      prices.push(price);
    }
  }
  return { type: "fixed", prices };
}

function resolveSource(
  { crew, build, image, url }: Declaration,
  file: string,
  { projectRoot, hosting }: StackContext,
  complain: Complain,
): AgentSource {
  if (build !== undefined) {
    const problem = runs(hosting, "build") ? buildProblem(projectRoot, file, build) : undefined;
    if (problem) complain(["build"], problem.message, problem.remedy);
    return { kind: "build", folder: build };
  }
  if (image !== undefined) return { kind: "image", image };
  if (crew !== undefined) return { kind: "inline", crew };
  return { kind: "url", url: url?.replace(/\/+$/, "") ?? "" };
}

function buildProblem(projectRoot: string, file: string, folder: string): PathProblem | undefined {
  const problem = pathProblem(projectRoot, file, folder, "folder");
  if (problem || existsSync(join(projectRoot, folder, "Dockerfile"))) return problem;
  return { message: `"${folder}" has no Dockerfile`, remedy: "put a file called Dockerfile into it" };
}

function resolveDocuments(
  { documents }: Declaration,
  file: string,
  { projectRoot, hosting }: StackContext,
  complain: Complain,
): readonly string[] {
  if (!runs(hosting, "documents")) return documents;
  for (const [index, document] of documents.entries()) {
    const path = ["documents", index];
    if (documents.indexOf(document) < index) {
      complain(path, `"${document}" is there twice`, "remove one");
    } else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(document)) {
      if (!document.startsWith("https:") || !URL.canParse(document)) {
        complain(
          path,
          `"${document}" is not an https link`,
          "documents are files of the repository or https links",
        );
      }
    } else {
      const problem = pathProblem(projectRoot, file, document, "file");
      if (problem) complain(path, problem.message, problem.remedy);
    }
  }
  return documents;
}
