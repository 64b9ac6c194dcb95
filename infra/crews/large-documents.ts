import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { StoredDocument } from "../../providers/documents/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { HostingError } from "./errors.ts";
import { SHARED_SERVICE, serviceStack } from "../hosting/shared/names.ts";
import { placeTraits } from "../hosting/traits.ts";
import type { LargeFile } from "./agent-files.ts";

/** The documents of an agent that are not in its image. */
export interface LargeDocuments {
  /** Must exist before the container, and be removed after it. */
  readonly stored: pulumi.Resource[];
  /** Environment variables for the container. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the container needs masumi:documentsKey. */
  readonly needsKey: boolean;
  /** Objects that the container's role must be allowed to read, as <bucket>/<key>; none if a key is used. */
  readonly readableByRole: readonly string[];
}

const NONE: LargeDocuments = { stored: [], environment: {}, needsKey: false, readableByRole: [] };

/**
 * Stores an agent's large documents in the stack's bucket, by digest, in a folder of the agent's own. Agents never share
 * an object, so each is removed with its agent.
 *
 * @throws HostingError DOCUMENT_UNUSABLE if the stack has no bucket
 */
export function storeLargeDocuments(
  agent: Agent,
  large: readonly LargeFile[],
  { documents, aws, shared: service }: StackConfig,
  options: pulumi.CustomResourceOptions,
): LargeDocuments {
  const [first] = large;
  if (!first) return NONE;
  if (!documents) {
    throw new HostingError(
      "DOCUMENT_UNUSABLE",
      `${first.source} of ${agent.file} has ${(first.bytes / 1024 / 1024).toFixed(1)} MiB, too much for an image.`,
      "Set a bucket for such documents in the stack's masumi:documents.",
    );
  }
  const { bucket, endpoint, prefix = "", profile = aws.profile } = documents;
  const region = documents.region ?? aws.region ?? "";
  // The shared crew service may read its own agents' folders, and nobody else's.
  const isShared = agent.hosting === "shared";
  const stack = isShared ? serviceStack(service, pulumi.getStack()) : pulumi.getStack();
  const folder = posix.join(
    prefix,
    pulumi.getProject(),
    stack,
    ...(isShared ? [SHARED_SERVICE] : []),
    agent.id,
  );
  const place = { bucket, region, ...(endpoint ? { endpoint } : {}), ...(profile ? { profile } : {}) };
  const keyOf = ({ sha256 }: LargeFile) => `${folder}/${sha256}`;
  const stored = large.map((file) => {
    const { sha256, bytes, source } = file;
    return new StoredDocument(
      `${agent.id}-${sha256.slice(0, 16)}`,
      // The engine runs the program and its providers in infra/. An absolute path would look changed on each machine.
      { bucket: place, key: keyOf(file), sha256, bytes, source: posix.join("..", source) },
      options,
    );
  });
  const needsKey = placeTraits(agent.hosting, agent).needsDocumentsKey(documents);
  return {
    stored,
    needsKey,
    environment: {
      DOCUMENTS_LOCATION: `s3://${bucket}/${folder}`,
      DOCUMENTS_REGION: region,
      ...(endpoint ? { DOCUMENTS_ENDPOINT: endpoint } : {}),
    },
    readableByRole: needsKey ? [] : large.map((file) => `${bucket}/${keyOf(file)}`),
  };
}
