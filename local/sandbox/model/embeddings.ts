import { createHash } from "node:crypto";
import { z } from "zod";

const DIMENSIONS = 256;

export const embeddingsSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1), z.array(z.number()), z.array(z.array(z.number()))]),
  dimensions: z.int().min(1).max(4096).nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
});

/**
 * A vector of length 1 from the words of a text: each word adds 1 at a place and with a sign of its own, so texts that
 * share words are near each other. Enough to see retrieval work.
 */
function embed(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [""];
  for (const word of words) {
    const digest = createHash("sha256").update(word).digest();
    const place = digest.readUInt32BE(0) % dimensions;
    vector[place] = (vector[place] ?? 0) + (digest.readUInt8(4) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

export function embedAll({ model, input, dimensions, encoding_format }: z.output<typeof embeddingsSchema>) {
  const texts = (typeof input === "string" ? [input] : input).map((one) =>
    typeof one === "string" ? one : JSON.stringify(one),
  );
  const data = texts.map((text, index) => {
    const vector = embed(text, dimensions ?? DIMENSIONS);
    const packed = () => Buffer.from(Float32Array.from(vector).buffer).toString("base64");
    return { object: "embedding", index, embedding: encoding_format === "base64" ? packed() : vector };
  });
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const count = Math.max(1, Math.ceil(characters / 4));
  return { object: "list", model, data, usage: { prompt_tokens: count, total_tokens: count } };
}
