import { spawn } from "node:child_process";
import { CodedError } from "../../providers/common/coded-error.ts";

/** Git said no; the message is its own. */
export class GitError extends Error {
  override readonly name = "GitError";
}

type GitErrorCode = "GIT_MISSING";

/** There is no git on this machine. */
export class GitMissingError extends CodedError<GitErrorCode> {
  constructor() {
    super(
      "GIT_MISSING",
      "the portal commits declarations with git, which is not on PATH.",
      "Install git, for example by apt install git, and start the portal again.",
    );
  }
}

export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

const ENDS_WITHIN_MS = 60_000;

/** The environment without what would point git elsewhere, or have it ask somebody. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("GIT_") || name === "GIT_SSH_COMMAND",
  );
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: "0", LC_ALL: "C.UTF-8" };
}

/** Runs git in a repository's folder, and returns what it printed. @throws GitError, GitMissingError */
export type Git = (folder: string, words: readonly string[], options?: GitOptions) => Promise<string>;

export const git: Git = (folder, words, { env = {}, input, signal } = {}) => {
  const over = AbortSignal.any([AbortSignal.timeout(ENDS_WITHIN_MS), ...(signal ? [signal] : [])]);
  return new Promise((done, failed) => {
    const child = spawn("git", ["-C", folder, ...words], {
      env: { ...cleanEnvironment(), ...env },
      stdio: ["pipe", "pipe", "pipe"],
      signal: over,
    });
    const out: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    child.once("error", (error: NodeJS.ErrnoException) =>
      failed(error.code === "ENOENT" ? new GitMissingError() : error),
    );
    child.once("close", (code) => {
      if (code === 0) return done(Buffer.concat(out).toString());
      const said = Buffer.concat(complaints).toString().trim();
      failed(new GitError(`git ${words[0]} ended with ${code}: ${said}`));
    });
    // What git does not read, because it failed before, is told by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input ?? "");
  });
};
