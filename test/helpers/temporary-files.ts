import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = /^masumi-tests-(\d+)-/;

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/**
 * Gives a run of the tests one folder for all temporary files and removes it at the end, with whatever tests that failed have left
 * in it. An interrupted run cannot, because its programs still write: the next run removes what that one left.
 */
export default function setup(): () => void {
  for (const name of readdirSync(tmpdir())) {
    const pid = FOLDER.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) remove(join(tmpdir(), name));
  }
  const folder = mkdtempSync(join(tmpdir(), `masumi-tests-${process.pid}-`));
  // The tests' PostgreSQL runs as a user of its own, and has its files in here.
  chmodSync(folder, 0o711);
  process.env["TMPDIR"] = folder;
  return () => remove(folder);
}
