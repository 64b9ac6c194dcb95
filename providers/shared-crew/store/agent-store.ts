import type { Bucket } from "../../s3/index.ts";

/** The folder of a service that is a process of this machine. */
export interface FolderPlace {
  readonly kind: "folder";
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The service's stack, if its crews are apart from those of others. */
  readonly stack?: string | undefined;
}

/** Where a shared crew service reads its agents: a folder of this machine, one in a container's volume, or a bucket. */
export type Place =
  | FolderPlace
  | {
      readonly kind: "docker";
      /** The engine, as in DOCKER_HOST; "" is DOCKER_HOST, otherwise this machine's engine. */
      readonly host: string;
      readonly container: string;
      /** The folder with all agents, on a volume of the container. */
      readonly folder: string;
    }
  | {
      readonly kind: "bucket";
      readonly bucket: Bucket;
      /** What the keys of all agents' files begin with. */
      readonly prefix: string;
    };

/** A file of an agent, by its path in the agent's own folder. */
export interface StoredFile {
  readonly path: string;
  readonly content: Buffer;
}

/** The files of one agent, where the service reads them. */
export interface AgentStore {
  /** Writes files one after another; each replaces the former one of its path. */
  write(files: readonly StoredFile[]): Promise<void>;
  /** Returns a file's content; undefined if it, or the whole place, does not exist. */
  read(path: string): Promise<Buffer | undefined>;
  /** Removes files. That one, or the whole place, does not exist is no error. */
  remove(paths: readonly string[]): Promise<void>;
  /** Removes the agent: its crew.json, then everything else, of which these are the files that are known. */
  removeAgent(paths: readonly string[]): Promise<void>;
}

/** An agent exists while this file does: it is written last and removed first. */
export const DECLARATION = "crew.json";
export const ENVIRONMENT = "environment.json";
export const SECRETS = "secrets.json";
export const IDENTITY = "identity.json";
