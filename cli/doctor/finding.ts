import { MasumiError } from "../../providers/masumi/service/index.ts";
import { explainsItself } from "../explains-itself.ts";

/** `skip`: it could not be looked at, because of what another check found. */
export type Status = "ok" | "warn" | "fail" | "skip";

/** What a check found. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly message: string;
  /** What to do; "" if nothing. */
  readonly remedy: string;
}

export type Verdict = Omit<Finding, "check">;

export const ok = (message: string): Verdict => ({ status: "ok", message, remedy: "" });
export const warn = (message: string, remedy: string): Verdict => ({ status: "warn", message, remedy });
export const fail = (message: string, remedy: string): Verdict => ({ status: "fail", message, remedy });
export const skip = (message: string): Verdict => ({ status: "skip", message, remedy: "" });

/** An error that explains itself, as a finding; a defect is thrown on. */
export function failure(error: unknown): Verdict {
  if (error instanceof MasumiError) {
    const said = error.serviceMessage ? ` The service says: ${error.serviceMessage}` : "";
    return fail(`${error.code}: ${error.what}${said}`, error.remedy);
  }
  if (explainsItself(error)) return fail(error.message, "");
  throw error;
}

export interface Check {
  readonly name: string;
  readonly look: () => Promise<readonly Verdict[]> | readonly Verdict[];
}

/**
 * Runs all checks at once, whatever any of them finds; findings in the order of the checks. `onSlow` hears of those
 * that are not done after 2 seconds, and again every 5.
 */
export async function runChecks(
  checks: readonly Check[],
  onSlow: (waiting: readonly string[]) => void,
): Promise<Finding[]> {
  const waiting = new Set(checks.map(({ name }) => name));
  const tell = () => onSlow([...waiting]);
  let again: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    tell();
    again = setInterval(tell, 5_000);
  }, 2_000);
  try {
    const found = await Promise.all(
      checks.map(async ({ name, look }) => {
        const verdicts = await verdictsOf(look);
        waiting.delete(name);
        return verdicts.map((verdict): Finding => ({ check: name, ...verdict }));
      }),
    );
    return found.flat();
  } finally {
    clearTimeout(first);
    clearInterval(again);
  }
}

async function verdictsOf(look: Check["look"]): Promise<readonly Verdict[]> {
  try {
    return await look();
  } catch (error) {
    return [failure(error)];
  }
}
