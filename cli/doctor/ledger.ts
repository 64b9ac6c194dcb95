import { openLedgerBucket } from "../../stacks/ledger.ts";
import type { Project } from "../../stacks/project.ts";
import { type Verdict, fail, ok, skip } from "./finding.ts";

/** Whether the bucket for what runs spend can be written, before anything is spent. */
export async function checkLedger(
  project: Project,
  stack: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Verdict[]> {
  const bucket = openLedgerBucket(project, stack, env);
  if (!bucket) return [skip("masumi:ledger is not set: each machine has its own .masumi/ledger.jsonl")];
  try {
    await bucket.assertWritable();
    return [ok(`what runs spend goes to ${bucket.address}`)];
  } catch (error) {
    return [
      fail(
        (error as Error).message,
        "check masumi:ledger and the AWS credentials of this machine: they need s3:PutObject below that folder",
      ),
    ];
  } finally {
    await bucket.close();
  }
}
