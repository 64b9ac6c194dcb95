import { readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { isPrivateName } from "./load/repository.ts";

/** Where the agents of a stack are that does not set masumi:agents. */
export const DEFAULT_FOLDER = "agents";

/** masumi:agents, as a path with forward slashes below the project's folder. */
export const agentsFolder = z
  .string()
  .transform((path) => posix.normalize(path).replace(/\/$/, ""))
  .superRefine((path, context) => {
    const parts = path.split("/");
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    if (path === "" || path === "." || path.startsWith("/") || parts[0] === "..") {
      refuse("expected a folder below the project's, for example agents/customers-07");
    } else if (parts.some(isPrivateName)) {
      refuse("expected a folder of the repository: nothing in .git or .masumi can be declared");
    } else if (/[\\\p{Cc}]/u.test(path)) {
      refuse("expected a path with forward slashes, for example agents/customers-07");
    }
  });

const STACK_FILE = /^Pulumi\..+\.ya?ml$/;

/** Returns the folders of agents that the project's stack files name. What is wrong with such a file is for its own stack to say. */
export function foldersOfStacks(projectRoot: string): string[] {
  const files = readdirSync(projectRoot).filter((file) => STACK_FILE.test(file));
  const named = files.map((file) => folderNamedIn(readFileSync(join(projectRoot, file), "utf8")));
  return [...new Set(named.filter((folder) => folder !== undefined))];
}

function folderNamedIn(text: string): string | undefined {
  try {
    const { config } = (parse(text) ?? {}) as { config?: Record<string, unknown> | null };
    return agentsFolder.safeParse(config?.["masumi:agents"]).data;
  } catch {
    return undefined;
  }
}
