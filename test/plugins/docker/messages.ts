import type { Readable } from "node:stream";
import protobuf from "google-protobuf";
import type { DockerEngine } from "./engine.ts";

const LINES = 20;

/** A line of what the engine says while it builds, pushes or pulls. */
interface Message {
  readonly id?: string;
  readonly stream?: string;
  readonly status?: string;
  readonly aux?: unknown;
  readonly error?: string;
}

interface Ask {
  readonly query: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stream?: Readable;
  readonly signal: AbortSignal;
}

/**
 * Follows such a work to its end.
 *
 * @returns what it said in `aux`, except for BuildKit's traces
 * @throws Error with the reason and the last lines of what was said before
 */
export async function followed(
  engine: DockerEngine,
  path: string,
  ask: Ask,
  log: (message: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  const said: string[] = [];
  let aux = {};
  const say = (text: string): void => {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    said.push(...lines);
    for (const line of lines) log(line);
  };
  for await (const message of engine.follow<Message>(path, ask)) {
    if (message.error !== undefined) {
      throw new Error([message.error, ...said.slice(-LINES)].join("\n"));
    }
    if (message.id === "moby.buildkit.trace") say(traced(String(message.aux)));
    else if (typeof message.aux === "object") aux = { ...aux, ...message.aux };
    else say(message.stream ?? message.status ?? "");
  }
  return aux;
}

/** The texts in moby.buildkit.v1.StatusResponse: names of the steps that begin, and what they write. */
function traced(base64: string): string {
  const texts: string[] = [];
  const reader = new protobuf.BinaryReader(Buffer.from(base64, "base64"));
  while (reader.nextField()) {
    // 1: vertexes, with their names in field 3 and the beginning in 5; 3: logs, with their texts in 4.
    const number = reader.getFieldNumber();
    if (number === 1) {
      const { 3: name, 5: started } = fields(reader, 3);
      if (name && started) texts.push(name);
    } else if (number === 3) texts.push(fields(reader, 4)[4] ?? "");
    else reader.skipField();
  }
  return texts.join("\n");
}

/** A message's field `text` as such, and of the others whether they are there. */
function fields(outer: protobuf.BinaryReader, text: number): Record<number, string> {
  const found: Record<number, string> = {};
  const reader = new protobuf.BinaryReader(outer.readBytes());
  while (reader.nextField()) {
    const number = reader.getFieldNumber();
    if (number === text) found[number] = reader.readString();
    else {
      found[number] = "there";
      reader.skipField();
    }
  }
  return found;
}
