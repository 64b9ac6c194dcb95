import { globSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;

/** Where the built page lies. Not in git: it is built when it is first needed, and again when its sources have changed. */
export const PAGE_FOLDER = join(folder, "dist");

export interface BuildOptions {
  /** Hears that the page is being built, which takes a few seconds. */
  readonly onProgress?: (message: string) => void;
  /** Builds even if nothing has changed. @default false */
  readonly force?: boolean;
  /** @default PAGE_FOLDER */
  readonly into?: string;
}

const modified = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Whether a built page is at least as new as everything that it is made of. */
function isFresh(into: string): boolean {
  const built = modified(join(into, "index.html"));
  const sources = globSync(["index.html", "build.ts", "src/**/*"], { cwd: folder });
  return built > 0 && sources.every((file) => modified(join(folder, file)) <= built);
}

/** Puts what was built in the place of what is there. Another program may do the same at this moment; both have built the same. */
function putInto(into: string, built: string): void {
  rmSync(into, { recursive: true, force: true });
  try {
    renameSync(built, into);
  } catch (error) {
    if (!isFresh(into)) throw error;
    rmSync(built, { recursive: true, force: true });
  }
}

/** Builds the page if it is missing or older than its sources, and returns its folder. */
export async function buildPage({
  onProgress,
  force = false,
  into = PAGE_FOLDER,
}: BuildOptions = {}): Promise<string> {
  if (!force && isFresh(into)) return into;
  onProgress?.("Building the page (a few seconds, once)");
  // Only whoever builds needs the builder, which is slow to load.
  const { build } = await import("vite");
  const built = `${into}.${process.pid}`;
  await build({
    root: folder,
    configFile: false,
    envDir: false,
    logLevel: "warn",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: built,
      emptyOutDir: true,
      target: "es2023",
      // The policy of the page allows no data: URLs, and a file of its own is cached for good.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  putInto(into, built);
  return into;
}

if (import.meta.main) await buildPage({ force: true, onProgress: (message) => console.error(message) });
