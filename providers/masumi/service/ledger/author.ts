import { execFile } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { promisify } from "node:util";
import type { Author } from "./entry.ts";

const GIT_ANSWERS_WITHIN_MS = 5_000;

/** What CI systems say of who started a job and which one it is: GitHub Actions, GitLab, and others that follow them. */
const CI_VARIABLES = [
  ..."GITHUB_REPOSITORY GITHUB_ACTOR GITHUB_TRIGGERING_ACTOR GITHUB_RUN_ID GITHUB_RUN_ATTEMPT GITHUB_SHA".split(
    " ",
  ),
  ..."CI_PROJECT_PATH GITLAB_USER_LOGIN CI_PIPELINE_ID CI_JOB_ID".split(" "),
  ..."BUILD_TAG BUILDKITE_BUILD_URL CIRCLE_BUILD_URL".split(" "),
];

/** Anything else is not what such a system says, and would only be shown to whoever reads the ledger. */
const ONE_SHORT_LINE = /^[^\p{Cc}\p{Cf}]{1,256}$/u;

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns who runs this, as far as git, the CI system and the machine tell. Never fails. */
export async function findAuthor(
  folder: string | undefined,
  env: Environment,
): Promise<Omit<Author, "keyId">> {
  const [commit, gitAuthor] = await lastCommit(folder);
  return {
    gitAuthor: gitAuthor ?? null,
    gitCommit: commit ?? null,
    user: userAtHost(),
    ci: Object.fromEntries(
      CI_VARIABLES.flatMap((name) => {
        const value = env[name] ?? "";
        return ONE_SHORT_LINE.test(value) ? [[name, value]] : [];
      }),
    ),
  };
}

async function lastCommit(folder: string | undefined): Promise<readonly string[]> {
  if (folder === undefined) return [];
  try {
    // The repository's own configuration must not start a program here.
    const words = [
      "-c",
      "core.fsmonitor=false",
      "log",
      "-1",
      "--no-show-signature",
      "--format=%H%n%an <%ae>",
    ];
    const { stdout } = await promisify(execFile)("git", words, {
      cwd: folder,
      timeout: GIT_ANSWERS_WITHIN_MS,
    });
    return stdout.trim().split("\n");
  } catch {
    return [];
  }
}

function userAtHost(): string | null {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run as a user without a name.
    return null;
  }
}
