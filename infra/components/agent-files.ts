import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { type Agent, MAX_DOCUMENTS_BYTES, MAX_DOCUMENT_BYTES, linkOf } from "../declarations/index.ts";
import { type DeclaredFile, crewDeclaration } from "../hosting/crew-declaration.ts";
import { HostingError } from "../hosting/errors.ts";
import { type ContextFile, contextHash, folderContext } from "./build-context.ts";

/** What the crew runtime is given of an agent. */
export interface AgentFiles {
  /** crew.json, which names the others. */
  readonly declaration: string;
  /**
   * What lies beside it: documents and code. Names hold digests of contents, so that those of an older version are never
   * overwritten.
   */
  readonly files: readonly ContextFile[];
}

const MEBIBYTE = 1024 * 1024;
/** Longer than the program that fetches takes by itself. */
const FETCHED_WITHIN_MS = 90_000;

/**
 * Collects what an agent's crew runs on. Links are fetched once, and kept in .masumi/documents/ by their digest.
 *
 * @throws HostingError DOCUMENT_UNUSABLE, BUILD_CONTEXT_INVALID
 */
export function agentFiles(projectRoot: string, network: string, agent: Agent): AgentFiles {
  const documents = agent.documents.map((document) => readDocument(projectRoot, document));
  const bytes = documents.reduce((sum, { file }) => sum + file.content.byteLength, 0);
  if (bytes > MAX_DOCUMENTS_BYTES) {
    throw new HostingError(
      "DOCUMENT_UNUSABLE",
      `The documents of ${agent.file} have ${(bytes / MEBIBYTE).toFixed(1)} MiB together, and ` +
        `${MAX_DOCUMENTS_BYTES / MEBIBYTE} travel with an agent.`,
      "Leave some out.",
    );
  }
  const code = agent.source.kind === "code" ? codeFiles(projectRoot, agent.source.folder) : undefined;
  const files = [...documents.map(({ file }) => file), ...(code?.files ?? [])];
  return {
    declaration: crewDeclaration(agent, network, {
      documents: documents.map(({ declared }) => declared),
      ...(code ? { code: code.folder } : {}),
    }),
    // Two names may stand for one content.
    files: [...new Map(files.map((file) => [file.path, file])).values()],
  };
}

/** The same files as a build context's, in the folder that the runtime's image looks in. */
export const inImage = ({ declaration, files }: AgentFiles): ContextFile[] =>
  [textFile("crew.json", declaration), ...files].map((file) => ({ ...file, path: `agent/${file.path}` }));

export const textFile = (path: string, text: string): ContextFile => ({
  path,
  content: Buffer.from(text),
  executable: false,
});

/**
 * Adds the files to the folder of a crew that runs as a process, where another version of it may be running; removes
 * those that neither of them names.
 */
export function placeFiles(home: string, { declaration, files }: AgentFiles): void {
  for (const { path, content } of files) {
    const target = join(home, path);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    // Half a file must never bear the digest of a whole one.
    writeFileSync(`${target}.new`, content);
    renameSync(`${target}.new`, target);
  }
  const running = join(home, "crew.json");
  const named = declaration + (existsSync(running) ? readFileSync(running, "utf8") : "");
  for (const folder of ["documents", "code"].filter((folder) => existsSync(join(home, folder)))) {
    for (const name of readdirSync(join(home, folder))) {
      if (!named.includes(`"${folder}/${name}"`)) rmSync(join(home, folder, name), { recursive: true });
    }
  }
}

function readDocument(
  projectRoot: string,
  document: string,
): { readonly declared: DeclaredFile; readonly file: ContextFile } {
  const link = linkOf(document);
  const content = link ? fetched(projectRoot, link) : readFileSync(join(projectRoot, document));
  const sha256 = digestOf(content);
  // What a crew cites: a link without what is no part of its name.
  const name = link ? link.url.replace(/\?.*$/, "") : document;
  const path = `documents/${sha256.slice(0, 32)}${extname(link?.name ?? document).toLowerCase()}`;
  return { declared: { name, file: path, sha256 }, file: { path, content, executable: false } };
}

const digestOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** Waits in this thread: what is built and what is planned depends on every document. */
function fetched(
  projectRoot: string,
  { url, sha256 }: { readonly url: string; readonly sha256: string },
): Buffer {
  const folder = join(projectRoot, ".masumi", "documents");
  const target = join(folder, sha256);
  if (existsSync(target)) {
    const kept = readFileSync(target);
    if (digestOf(kept) === sha256) return kept;
  }
  mkdirSync(folder, { recursive: true });
  const wanted = JSON.stringify({ url, sha256, maxBytes: MAX_DOCUMENT_BYTES });
  const program = join(import.meta.dirname, "fetch-document.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, wanted, target], {
    encoding: "utf8",
    timeout: FETCHED_WITHIN_MS,
  });
  if (status === 0) return readFileSync(target);
  throw new HostingError(
    "DOCUMENT_UNUSABLE",
    `The document ${url} ${status === 1 && stderr ? stderr : "could not be fetched"}.`,
    "Look at the link; if what it leads to was changed on purpose, declare the new digest.",
  );
}

/** A folder with crew.py, in a folder that is called by its digest. */
function codeFiles(projectRoot: string, folder: string): { folder: string; files: ContextFile[] } {
  const files = folderContext(projectRoot, folder, "crew.py").filter(
    ({ path }) => !/(^|\/)__pycache__\/|\.pyc$/.test(path),
  );
  const name = `code/${contextHash(files)}`;
  return { folder: name, files: files.map((file) => ({ ...file, path: `${name}/${file.path}` })) };
}
