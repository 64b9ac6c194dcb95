import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StackConfig } from "../config.ts";
import {
  type Agent,
  type FolderPackages,
  type WhatRuns,
  linkOf,
  packagesReader,
  runsInRuntime,
  unlockedNotice,
} from "../declarations/index.ts";
import { TRAITS } from "../hosting/traits.ts";
import { codeFiles, digestOf } from "./agent-files.ts";
import { contextDigest, folderContext, runtimeContext } from "./build-context.ts";
import { DATA_FOLDER } from "./environment.ts";
import { imageUser, isRoot } from "./image-user.ts";
import { movableBases } from "./movable-bases.ts";

interface Place {
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  readonly config: Pick<StackConfig, "network" | "modelName">;
}

/**
 * Returns a function from an agent to what a run would run of it. Reads files, but builds and fetches nothing, and asks nothing of
 * this machine: the same commit gives the same answer everywhere.
 *
 * @throws HostingError BUILD_CONTEXT_INVALID
 */
export function whatRuns({ projectRoot, config }: Place): (agent: Agent) => WhatRuns {
  let runtime: string | undefined;
  const runtimeOf = (agent: Agent) =>
    runsInRuntime(agent) ? (runtime ??= contextDigest(runtimeContext(projectRoot))) : undefined;
  const readPackages = packagesReader(projectRoot);
  const packagesOf = ({ source }: Agent): Packages =>
    source.kind === "code" ? packagesIn(source.folder, readPackages(source.folder)) : { packages: [] };
  return (agent) => {
    const { source, model, resources, hosting } = agent;
    if (source.kind === "url") return elsewhere(source.url);
    const documents = runsInRuntime(agent) ? documentsOf(projectRoot, agent) : [];
    const { files, ...dockerfile } = contentOf(projectRoot, agent);
    const { packages, unlocked, lock } = packagesOf(agent);
    const runtime = runtimeOf(agent) ?? "";
    const named = model.name ?? config.modelName;
    const does = { model: named, documents, files, lock, runtime };
    return {
      hosting,
      kind: source.kind,
      source: sourceOf(agent),
      ...(runsInRuntime(agent) ? { model: named } : {}),
      ...(TRAITS[hosting].instances === "ignored" ? {} : { size: resources }),
      documents,
      packages,
      ...(unlocked === undefined ? {} : { unlocked }),
      ...dockerfile,
      ...(agent.evals ? { evalDigest: evalDigestOf(agent, does) } : {}),
      digest: sha256([
        config.network,
        config.modelName,
        declared(agent),
        documents,
        runtime,
        files,
        ...(lock === undefined ? [] : [lock]),
      ]),
    };
  };
}

interface Packages extends Pick<WhatRuns, "packages" | "unlocked"> {
  /** The lock, or what is to be locked; undefined if there is nothing. */
  readonly lock?: string;
}

function packagesIn(folder: string, found: FolderPackages): Packages {
  if (found.state === "none") return { packages: [] };
  const { lock, wanted } = found;
  const notice = unlockedNotice(folder, found);
  if (notice) {
    const { message, remedy } = notice;
    return { packages: lock?.packages ?? [], unlocked: `${message}: ${remedy}`, lock: wanted.digest };
  }
  return { packages: lock?.packages ?? [], lock: lock?.text ?? "" };
}

/** Whatever an agent is whose URL is all that we know. */
const elsewhere = (url: string): WhatRuns => ({
  hosting: "elsewhere",
  kind: "url",
  source: url,
  documents: [],
  packages: [],
  movable: [],
  digest: sha256([url]),
});

const sha256 = (content: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(content), "utf8").digest("hex");

/**
 * Returns the digest of what decides how an agent does in its evaluations, with those: neither its price and texts, nor where it runs,
 * nor the network, so that what passed need not be evaluated again for each of them.
 */
const evalDigestOf = (
  { source, input, model, evals }: Agent,
  does: Readonly<Record<string, unknown>>,
): string => sha256([1, source, input, { ...model, name: undefined }, does, evals]);

/** Returns a declaration without what only the registration needs, which the plan shows and binds by itself. */
function declared(agent: Agent): Partial<Agent> {
  const { file: _file, legal: _legal, tags, author, capability, ...rest } = agent;
  const { adopt: _adopt, wallet: _wallet, paymentType: _type, user: _user, evals: _evals, ...runs } = rest;
  // The crew runtime has them in the agent's card.
  return runsInRuntime(agent) ? { ...runs, tags, author, capability } : runs;
}

/** Returns the digest of the files of an agent's own folder, and what is to be said of its Dockerfile. */
function contentOf(
  projectRoot: string,
  agent: Agent,
): Pick<WhatRuns, "movable" | "userWithoutData"> & { readonly files: string } {
  const { source } = agent;
  if (source.kind === "code") {
    return { files: contextDigest(codeFiles(projectRoot, source).files), movable: [] };
  }
  if (source.kind !== "build") return { files: "", movable: [] };
  const dockerfile = readFileSync(join(projectRoot, source.folder, "Dockerfile"), "utf8");
  const user = userWithoutData(agent, dockerfile);
  return {
    files: contextDigest(folderContext(projectRoot, source.folder)),
    movable: movableBases(dockerfile),
    ...(user === undefined ? {} : { userWithoutData: user }),
  };
}

/** Returns the user to whom /data is closed, as far as the Dockerfile tells. */
function userWithoutData({ hosting, container }: Agent, dockerfile: string): string | undefined {
  const image = imageUser(dockerfile);
  const user = container?.user ?? image.user;
  const isOpen = !TRAITS[hosting].dataNeedsVolume || image.volumes.includes(DATA_FOLDER);
  return isOpen || user === undefined || isRoot(user) ? undefined : user;
}

/** A link names its digest, so nothing has to be fetched. */
const documentsOf = (projectRoot: string, { documents }: Agent): WhatRuns["documents"] =>
  documents.map((document) => {
    if (typeof document !== "string") return { name: document.name, sha256: document.stored };
    const link = linkOf(document);
    return link
      ? { name: link.url.replace(/\?.*$/, ""), sha256: link.sha256 }
      : { name: document, sha256: digestOf(join(projectRoot, document)) };
  });

function sourceOf({ source }: Agent): string | undefined {
  if (source.kind === "image") return source.image;
  return source.kind === "build" || source.kind === "code" ? source.folder : undefined;
}
