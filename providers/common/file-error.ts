import { dirname } from "node:path";
import { CodedError } from "./coded-error.ts";

export type FileErrorCode = "FILE_NOT_WRITTEN";

/** A file could not be written, for a reason that lies with this machine. */
export class FileError extends CodedError<FileErrorCode> {
  override readonly name = "FileError";
}

const REASONS: Readonly<Record<string, readonly [reason: string, remedy: (folder: string) => string]>> = {
  ENOSPC: ["the disk is full", (folder) => `Free some space where ${folder} is, then run the command again.`],
  EDQUOT: [
    "the quota is used up",
    (folder) => `Free some space where ${folder} is, then run the command again.`,
  ],
  EROFS: ["the file system is read-only", (folder) => `Make ${folder} writable, then run the command again.`],
  EACCES: [
    "this user may not write it",
    (folder) => `Make ${folder} writable for this user, then run the command again.`,
  ],
  EPERM: [
    "this user may not write it",
    (folder) => `Make ${folder} writable for this user, then run the command again.`,
  ],
};

/** Returns what prevented a file from being written as an error that names the file; anything else as it is. */
export function fileError(file: string, error: unknown): unknown {
  const { code = "" } = error as NodeJS.ErrnoException;
  const [reason, remedy] = REASONS[code] ?? [];
  if (reason === undefined || remedy === undefined) return error;
  return new FileError(
    "FILE_NOT_WRITTEN",
    `${file} could not be written: ${reason} (${code}).`,
    remedy(dirname(file)),
    {
      cause: error,
    },
  );
}
