import * as pulumi from "@pulumi/pulumi";

/** Our own errors carry a stable code; anything else is a defect and keeps its stack. */
function isExplained(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    /^[A-Z]+(_[A-Z0-9]+)+$/.test((error as { code?: unknown }).code?.toString() ?? "")
  );
}

/** Runs `work`; a failure that explains itself ends the program with its message alone, without a stack. */
export async function failPlainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isExplained(error)) throw new pulumi.RunError(error.message);
    throw error;
  }
}
