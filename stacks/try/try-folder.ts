import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../project.ts";

/** Return where an agent that is tried has its files; apart from its crew's, which may serve an older version meanwhile. */
export const tryFolder = (project: Project, agentId: string): string => join(project.masumi, "try", agentId);

/** Remove the files of an agent that does not exist. */
export const removeTryFolder = (project: Project, agentId: string): void =>
  rmSync(tryFolder(project, agentId), { recursive: true, force: true });
