import { rmSync } from "node:fs";
import { tryHome } from "../../providers/crew-process/local/paths.ts";
import type { Project } from "../project.ts";

/** Return where an agent that is tried has its files. */
export const tryFolder = (project: Project, agentId: string): string => tryHome(project.root, agentId);

/** Remove the files of an agent that does not exist. */
export const removeTryFolder = (project: Project, agentId: string): void =>
  rmSync(tryFolder(project, agentId), { recursive: true, force: true });
