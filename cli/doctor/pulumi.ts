import { localRun, localStackExists } from "../../stacks/local/local-stack.ts";
import { type Project, isLocalStack } from "../../stacks/project.ts";
import { FETCHED_CLI, findPulumiCli } from "../../stacks/pulumi/pulumi-cli.ts";
import { TESTED } from "../../stacks/pulumi/tested-versions.ts";
import { runProgram } from "./program.ts";
import { type Verdict, fail, ok, skip, warn } from "./finding.ts";

const NOT_LOCAL = "a local stack needs no Pulumi CLI";
const PAIR = `${TESTED.cli} with @pulumi/pulumi ${TESTED.sdk}`;

/** Stacks other than local ones run on the real Pulumi CLI. */
export async function checkPulumi(stack: string): Promise<Verdict> {
  if (isLocalStack(stack)) return skip(NOT_LOCAL);
  const cli = findPulumiCli(process.env);
  if (cli) return judgePulumi(cli.version ?? "");
  return warn(
    `pulumi is not on PATH; npx fetches pulumi@${FETCHED_CLI} for the first command that needs it`,
    `install it (tested: ${TESTED.cli}): https://www.pulumi.com/docs/install/`,
  );
}

/** A newer CLI of the same major version runs older SDKs; an older one may not know what the SDK asks for. */
export function judgePulumi(version: string): Verdict {
  if (version === TESTED.cli) return ok(`pulumi ${PAIR}, as tested`);
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  const [testedMajor = 0, testedMinor = 0, testedPatch = 0] = TESTED.cli.split(".").map(Number);
  const isNewer = minor > testedMinor || (minor === testedMinor && patch > testedPatch);
  if (major === testedMajor && isNewer) return ok(`pulumi ${version}, newer than the tested ${PAIR}`);
  return warn(
    version === "" ? "pulumi does not tell its version" : `pulumi ${version} is not as tested: ${PAIR}`,
    `install ${TESTED.cli} or newer: https://www.pulumi.com/docs/install/`,
  );
}

/** The embedded engine downloads no plugins, so those that the state names must be there. */
async function checkLocalState(project: Project, stack: string): Promise<Verdict> {
  if (!localStackExists(project, stack)) return skip("the stack has no state yet");
  const { missingPlugins } = await import("../../local/engine/run/missing-plugins.ts");
  const problems = await missingPlugins(localRun(project, stack), process.env);
  if (problems.length > 0)
    return fail(problems.join("\n"), "restore .masumi/state from a copy, or install them");
  return ok("the state is in .masumi/state");
}

interface ListedStack {
  readonly name: string;
}

/** Whether the state backend lets this machine in, and has the stack. */
export async function checkBackend(project: Project, stack: string): Promise<Verdict> {
  if (isLocalStack(stack)) return checkLocalState(project, stack);
  const cli = findPulumiCli(process.env);
  if (!cli) return skip("pulumi is not on PATH");
  const ask = (...words: string[]) =>
    runProgram(cli.file, [...words, "--json", "--non-interactive"], { cwd: project.root });
  const [who, listed] = [await ask("whoami"), await ask("stack", "ls")];
  const failed = who.failure ?? listed.failure;
  if (failed !== undefined) {
    return fail(
      `the state backend cannot be used: ${failed}`,
      "run pulumi login, or set PULUMI_BACKEND_URL and the credentials that it needs",
    );
  }
  const { url = "" } = JSON.parse(who.stdout) as { url?: string };
  const stacks = JSON.parse(listed.stdout) as ListedStack[];
  const has = stacks.some(({ name }) => name === stack || name.endsWith(`/${stack}`));
  if (has) return ok(`${url} has stack ${stack}`);
  return warn(`${url} has no stack ${stack} yet`, `create it: pulumi stack init ${stack}`);
}
