import { createHash } from "node:crypto";

const hash = (text: string) => createHash("sha256").update(text, "utf8").digest("hex").slice(0, 16);

const MARKER = /^(iac-[0-9a-f]{16})-[0-9a-f]{16}$/;

/** Returns the first part of every marker of this owner (masumi:owner). It is not a tag on its own. */
export const ownerTag = (owner: string): string => `iac-${hash(owner)}`;

/**
 * Returns the tag that identifies a registration as this owner's registration of this agent: 37 lower-case characters,
 * `iac-<hash of the owner>-<hash of the agent id>`. Lower case, because the service finds only lower-case tags by their exact
 * text. It depends on nothing else, so renaming the stack or project, or losing the state, changes nothing.
 */
export const marker = (owner: string, agentId: string): string => `${ownerTag(owner)}-${hash(agentId)}`;

export const isMarker = (tag: string): boolean => MARKER.test(tag);

/** Returns the owner's part of a marker; undefined if the text is not a marker. */
export const ownerOf = (tag: string): string | undefined => MARKER.exec(tag)?.[1];
