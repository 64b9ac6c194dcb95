/** Tar archives with one file, in the Docker engine's format (POSIX ustar). */
const BLOCK = 512;

/** Returns an archive with one file, readable by everyone and owned by root. `name` has at most 100 ASCII characters. */
export function packFile(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, offset, "ascii");
  header.write(name, 0, 100, "ascii");
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(content.byteLength, 124, 11);
  // The runtime recognises a new file by its modification time.
  octal(Math.floor(Date.now() / 1000), 136, 11);
  header.write("        ", 148, "ascii");
  header.write("0", 156, "ascii");
  header.write("ustar\u000000", 257, "ascii");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  const padding = Buffer.alloc((BLOCK - (content.byteLength % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
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
