import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { isRecord } from "../json.ts";
import { FileBackend } from "../state/backend.ts";
import { lockHolders } from "../state/lock.ts";
import { loadProject } from "./project.ts";
import { locateStack, type StackOptions } from "./stack.ts";

/** A stack of a project, as `pulumi stack ls` shows it. */
export interface StackSummary {
  readonly name: string;
  /** ISO time of the last write of its state; absent before the first. */
  readonly lastUpdate?: string;
  readonly resourceCount: number;
  /** A run holds its lock, or left it behind. */
  readonly isLocked: boolean;
}

/** The stacks of a project that have a state below `stateRoot`, by name. No passphrase is needed. @throws EngineError BAD_STATE */
export async function listStacks({
  projectDir,
  stateRoot,
}: Pick<StackOptions, "projectDir" | "stateRoot">): Promise<StackSummary[]> {
  const { name: project } = await loadProject(projectDir);
  const { stacksFolder } = new FileBackend(stateRoot, project, "");
  const files = existsSync(stacksFolder) ? await readdir(stacksFolder) : [];
  const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
  return Promise.all(
    names.toSorted().map((stack) => summaryOf(new FileBackend(stateRoot, project, stack), stack)),
  );
}

/** Whether a stack of this name was made. @throws EngineError BAD_STACK_NAME */
export async function stackExists(options: StackOptions): Promise<boolean> {
  const { backend } = await locateStack(options);
  return backend.exists();
}

async function summaryOf(backend: FileBackend, name: string): Promise<StackSummary> {
  const latest = (await backend.readRaw()) ?? {};
  const { manifest, resources } = latest;
  const time = isRecord(manifest) ? manifest["time"] : undefined;
  return {
    name,
    ...(typeof time === "string" ? { lastUpdate: time } : {}),
    resourceCount: Array.isArray(resources) ? resources.length : 0,
    isLocked: (await lockHolders(backend.lockFolder)).length > 0,
  };
}
