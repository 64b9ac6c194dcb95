/** A document is not what its name says. */
export class ContentError extends Error {
  override readonly name = "ContentError";
}

const PDF = Buffer.from("%PDF-");

/** Hands a document on, and throws as soon as it is not what the end of its name says: crews would fail on it later. */
export async function* asNamed(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const check = name.toLowerCase().endsWith(".pdf") ? pdfCheck(name) : textCheck(name);
  let isEmpty = true;
  for await (const chunk of source) {
    isEmpty &&= chunk.length === 0;
    check(chunk, false);
    yield chunk;
  }
  if (isEmpty) throw new ContentError(`"${name}" is empty.`);
  check(new Uint8Array(), true);
}

type Check = (chunk: Uint8Array, isEnd: boolean) => void;

function pdfCheck(name: string): Check {
  let head = Buffer.alloc(0);
  return (chunk, isEnd) => {
    if (head.length < PDF.length) head = Buffer.concat([head, chunk.subarray(0, PDF.length)]);
    const isKnown = isEnd || head.length >= PDF.length;
    if (isKnown && !head.subarray(0, PDF.length).equals(PDF)) {
      throw new ContentError(`"${name}" is no PDF file, though it is named as one.`);
    }
  };
}

function textCheck(name: string): Check {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (chunk, isEnd) => {
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: !isEnd });
    } catch {
      throw new ContentError(`"${name}" is no text in UTF-8: save it as UTF-8.`);
    }
    if (text.includes("\0")) throw new ContentError(`"${name}" is no text: it has bytes that are 0.`);
  };
}
