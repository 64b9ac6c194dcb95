import type { Readable } from "node:stream";

/** Yields the lines of a text as they come, also the last one if it has no end. */
export async function* linesOf(stream: Readable): AsyncGenerator<string, void> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest) yield rest;
}
