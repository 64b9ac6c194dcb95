/** Tar archives in the Docker engine's format (POSIX ustar). */
const BLOCK = 512;
const NAME = 100;
const PREFIX = 155;

export interface TarEntry {
  /** With forward slashes, in ASCII; a folder's ends in one. */
  readonly name: string;
  /** Absent for a folder. */
  readonly content?: Buffer;
  readonly mode: number;
}

/** Returns an archive with one file, readable by everyone and owned by root. `name` has at most 100 ASCII characters. */
export const packFile = (name: string, content: Buffer): Buffer => pack([{ name, content, mode: 0o644 }], 0);

/**
 * Returns an archive whose entries are owned by a user and the group with the same number.
 *
 * @throws RangeError if a name is too long for the format
 */
export const pack = (entries: readonly TarEntry[], owner: number): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const { content = Buffer.alloc(0) } = entry;
      const padding = Buffer.alloc((BLOCK - (content.byteLength % BLOCK)) % BLOCK);
      return [headerOf(entry, content.byteLength, owner), content, padding];
    }),
    Buffer.alloc(2 * BLOCK),
  ]);

function headerOf({ name, content, mode }: TarEntry, bytes: number, owner: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, offset, "ascii");
  const [prefix, rest] = splitName(name);
  header.write(rest, 0, NAME, "ascii");
  octal(mode, 100, 7);
  octal(owner, 108, 7);
  octal(owner, 116, 7);
  octal(bytes, 124, 11);
  // The runtime recognises a new file by its modification time.
  octal(Math.floor(Date.now() / 1000), 136, 11);
  header.write("        ", 148, "ascii");
  header.write(content ? "0" : "5", 156, "ascii");
  header.write("ustar\u000000", 257, "ascii");
  header.write(prefix, 345, PREFIX, "ascii");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return header;
}

/** Returns what is before one of a name's slashes, and what is after it, each as long as the format allows. */
function splitName(name: string): readonly [prefix: string, rest: string] {
  if (name.length <= NAME) return ["", name];
  const at = name.indexOf("/", Math.max(0, name.length - NAME - 1));
  if (at < 0 || at > PREFIX || at === name.length - 1) {
    throw new RangeError(`${name} is too long for a tar archive`);
  }
  return [name.slice(0, at), name.slice(at + 1)];
}

/** Returns the content of an archive's first regular file; undefined if it has none. */
export function unpackFile(archive: Buffer): Buffer | undefined {
  for (let offset = 0; offset + BLOCK <= archive.byteLength;) {
    const size = Number.parseInt(archive.toString("ascii", offset + 124, offset + 136), 8) || 0;
    const kind = archive.toString("ascii", offset + 156, offset + 157);
    const start = offset + BLOCK;
    if (archive[offset] === 0) return undefined;
    if (kind === "0" || kind === "\0") return archive.subarray(start, start + size);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}
