import { sha256 } from "../../providers/common/sha256.ts";
import type { AgentRow, Form } from "../database/agents.ts";
import type { AgentView } from "./schemas.ts";

const LENGTH = 16;
const digestOf = (value: unknown): string => sha256(JSON.stringify(value)).slice(0, LENGTH);

/**
 * Returns the ETag of an agent as somebody is shown it. Its first part identifies what a customer fills in, its second all that is
 * shown. So no answer is taken for the same while anything of it moves, be it a run of the agent's fleet; and `If-Match` guards what a
 * change would overwrite, without a refusal for each step of a run.
 */
export const etagOf = ({ form }: Pick<AgentRow, "form">, view: AgentView): string =>
  `"${digestOf(form)}-${digestOf(view)}"`;

const tagsIn = (header: string): string[] => header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));

/** Whether `If-None-Match` names what would be answered (RFC 9110, 13.1.2). */
export const hasAlready = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined && tagsIn(ifNoneMatch).some((tag) => tag === etag || tag === "*");

/** Whether `If-Match` names an agent as it is filled in now; it does where there is none. */
export const isUnchanged = (ifMatch: string | undefined, form: Form): boolean =>
  ifMatch === undefined ||
  tagsIn(ifMatch).some((tag) => tag === "*" || /^"([0-9a-f]+)-[0-9a-f]+"$/.exec(tag)?.[1] === digestOf(form));
