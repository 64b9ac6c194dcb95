import { CodedError } from "../../providers/common/coded-error.ts";

/**
 * Errors of making a project or an agent's file, each with a stable code (docs/errors.md).
 *
 *   InitError
 *     FOLDER_NOT_EMPTY    a new project would be mixed with what is in its folder
 *     NAME_UNUSABLE       a name cannot be that of a project, an owner or an agent
 *     STACK_UNKNOWN       there is no template of a stack's settings
 *     AGENT_EXISTS        an agent's file would be overwritten
 *     TEMPLATE_UNKNOWN    there is no template of an agent
 */
export type InitErrorCode =
  "FOLDER_NOT_EMPTY" | "NAME_UNUSABLE" | "STACK_UNKNOWN" | "AGENT_EXISTS" | "TEMPLATE_UNKNOWN";

/** Files cannot be written as they were asked for; none was. */
export class InitError extends CodedError<InitErrorCode> {
  override readonly name = "InitError";
}
