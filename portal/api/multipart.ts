import { malformed, tooLarge } from "./problems.ts";

const LONGEST_HEADERS = 16 * 1024;
const MOST_PARTS = 100;
const HEADERS_END = Buffer.from("\r\n\r\n");

/** A part of multipart/form-data, as it comes. Its body has to be read to its end before the next part is asked for. */
export interface Part {
  readonly name: string;
  /** What the sender calls the file; undefined for a text. */
  readonly filename: string | undefined;
  readonly body: AsyncGenerator<Uint8Array>;
}

/** Returns the boundary that a Content-Type names; undefined if it is no multipart/form-data. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\b/i.test(contentType)) return undefined;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/** Reads multipart/form-data (RFC 7578) part by part, without keeping more than a chunk of a file. @throws HttpProblem 400, 413 */
export async function* readParts(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Part> {
  const bytes = new Bytes(source);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  for await (const _ of bytes.until(delimiter)) {
    // What stands before the first part means nothing.
  }
  for (let count = 0; !(await bytes.isAtEnd()); count += 1) {
    if (count === MOST_PARTS) throw tooLarge(`A form may have ${MOST_PARTS} parts.`);
    const { name, filename } = await readHeaders(bytes);
    const body = bytes.until(delimiter);
    yield { name, filename, body };
    for await (const _ of body) {
      // Whoever does not want a part has it read to its end all the same.
    }
  }
}

async function readHeaders(bytes: Bytes): Promise<Pick<Part, "name" | "filename">> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes.until(HEADERS_END)) {
    length += chunk.length;
    if (length > LONGEST_HEADERS) throw malformed("A part's headers are too long.");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const [, disposition] = /(?:^|\r\n)content-disposition:\s*form-data\s*;([^\r\n]*)/i.exec(text) ?? [];
  const name = parameterOf(disposition, "name");
  if (name === undefined) throw malformed("A part of the form has no name.");
  return { name, filename: parameterOf(disposition, "filename") };
}

/** Browsers write quotation marks and ends of lines as %22, %0D and %0A, others escape them with a backslash. */
function parameterOf(disposition: string | undefined, key: string): string | undefined {
  const found = new RegExp(`(?:^|[;\\s])${key}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(disposition ?? "");
  return found?.[1]
    ?.replaceAll(/\\(["\\])/g, "$1")
    .replaceAll(/%(22|0D|0A)/gi, (code) => decodeURIComponent(code));
}

/** Bytes as they come, which can be read up to a delimiter. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>;
  /** Begins with an end of a line, since the first delimiter need not have one. */
  #buffer: Buffer = Buffer.from("\r\n");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Yields what stands before a delimiter, and goes behind it. */
  async *until(delimiter: Buffer): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#buffer.indexOf(delimiter);
      if (at !== -1) {
        const before = this.#buffer.subarray(0, at);
        this.#buffer = this.#buffer.subarray(at + delimiter.length);
        if (before.length > 0) yield before;
        return;
      }
      // The end of what is here may be the beginning of the delimiter.
      const sure = this.#buffer.length - delimiter.length + 1;
      if (sure > 0) {
        const before = this.#buffer.subarray(0, sure);
        this.#buffer = this.#buffer.subarray(sure);
        yield before;
      }
      await this.#more();
    }
  }

  /** Behind a delimiter: whether it was the last one. */
  async isAtEnd(): Promise<boolean> {
    while (this.#buffer.length < 2) await this.#more();
    const next = this.#buffer.subarray(0, 2).toString("latin1");
    if (next !== "--" && next !== "\r\n")
      throw malformed("The form's parts are not separated as its boundary says.");
    if (next === "\r\n") this.#buffer = this.#buffer.subarray(2);
    return next === "--";
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw malformed("The form ends in the middle of a part.");
    this.#buffer = Buffer.concat([this.#buffer, value]);
  }
}
