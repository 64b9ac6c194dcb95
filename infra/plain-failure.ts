import * as pulumi from "@pulumi/pulumi";

/** Our own errors have a stable code; anything else is a bug and keeps its stack trace. */
function isExplained(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    /^[A-Z]+(_[A-Z0-9]+)+$/.test((error as { code?: unknown }).code?.toString() ?? "")
  );
}

/** Runs `work`. An error with a code ends the program with only its message, without a stack trace. */
export async function failPlainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isExplained(error)) throw new pulumi.RunError(error.message);
    throw error;
  }
}
