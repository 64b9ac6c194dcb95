import * as pulumi from "@pulumi/pulumi";
import { hasStableCode } from "../providers/common/coded-error.ts";

/** Runs `work`; a failure that explains itself ends the program with its message alone, without a stack. */
export async function failPlainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (hasStableCode(error)) throw new pulumi.RunError(error.message);
    throw error;
  }
}
