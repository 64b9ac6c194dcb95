import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const ANSWERS_WITHIN_MS = 20_000;

/** What a program printed; `failure` says why it failed, in a line. */
export interface ProgramAnswer {
  readonly stdout: string;
  readonly failure?: string;
  readonly isMissing?: boolean;
}

/** Asks a program something; it is ended after 20 seconds. */
export async function runProgram(
  program: string,
  words: readonly string[],
  options: { readonly cwd?: string },
): Promise<ProgramAnswer> {
  try {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { stdout } = await run(program, words, { ...options, env, timeout: ANSWERS_WITHIN_MS });
    return { stdout: stdout.trim() };
  } catch (error) {
    const {
      code,
      killed,
      stderr = "",
      message,
    } = error as NodeJS.ErrnoException & {
      killed?: boolean;
      stderr?: string;
    };
    const isMissing = code === "ENOENT";
    if (killed) return { stdout: "", failure: `no answer within ${ANSWERS_WITHIN_MS / 1000} s` };
    const [said = message] = stderr.split("\n").filter((line) => line.trim() !== "");
    return { stdout: "", failure: said.replace(/^error: /, ""), isMissing };
  }
}
