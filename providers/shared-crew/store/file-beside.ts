import { readFile } from "node:fs/promises";
import { sha256 as digestOf } from "../../common/sha256.ts";
import { SharedCrewError } from "../errors.ts";
import type { StoredFile } from "./agent-store.ts";

/** A file next to crew.json: a document, or code. Its path has a digest in it, so a path never has different contents. */
export interface FileBeside {
  readonly path: string;
  readonly sha256: string;
  /** The file with the content, relative to the folder in which the engine runs programs. */
  readonly source: string;
}

/** Reads a file that is stored next to crew.json. @throws SharedCrewError SHARED_AGENT_NOT_UP if it has changed since */
export async function contentOf({ path, sha256, source }: FileBeside): Promise<StoredFile> {
  const content = await readFile(source);
  if (digestOf(content) === sha256) return { path, content };
  throw new SharedCrewError(
    "SHARED_AGENT_NOT_UP",
    `${source} was changed during this run, so ${path} was not stored.`,
    "Run it again.",
  );
}
