/** A program: runs git for the portal that started it, and ends with it. */
import { GitError, GitMissingError, git } from "./git.ts";

/** What a portal tells it. */
export type ToGits =
  | {
      readonly kind: "run";
      readonly id: number;
      readonly folder: string;
      readonly words: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly input?: string;
    }
  | { readonly kind: "abort"; readonly id: number };

/** What it tells a portal. */
export type FromGits =
  | { readonly kind: "done"; readonly id: number; readonly output: string }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly message: string;
      readonly of: "git" | "no git" | "others";
    };

const running = new Map<number, AbortController>();
/** A portal that was killed hears nothing. */
const tell = (message: FromGits): void =>
  void (process.connected && process.send?.(message, () => undefined));

async function run({ id, folder, words, env, input }: Extract<ToGits, { kind: "run" }>): Promise<void> {
  const ended = new AbortController();
  running.set(id, ended);
  const options = {
    ...(env ? { env } : {}),
    ...(input === undefined ? {} : { input }),
    signal: ended.signal,
  };
  try {
    tell({ kind: "done", id, output: await git(folder, words, options) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const of = error instanceof GitError ? "git" : error instanceof GitMissingError ? "no git" : "others";
    tell({ kind: "failed", id, message, of });
  } finally {
    running.delete(id);
  }
}

process.on("message", (message: ToGits) => {
  if (message.kind === "run") void run(message);
  else running.get(message.id)?.abort();
});
process.once("disconnect", () => process.exit());
// ^C is the portal's to handle, which ends it when nothing is committed any more.
process.on("SIGINT", () => undefined);
