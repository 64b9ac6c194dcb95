import { isObject, isSecret, unwrapSecret, type Value } from "./values.ts";

/** Shorter texts occur by chance; masking them would spoil messages and protect nothing. */
const MIN_LENGTH = 4;
/** The lines of a longer secret (a key in PEM form, say) may be printed one by one. */
const MIN_LINE_LENGTH = 12;

/**
 * Masks the texts of secrets in messages that the engine did not write itself: the SDK's debug messages hold whole answers, and what a
 * program or a provider prints may hold anything.
 */
export class SecretFilter {
  readonly #texts = new Set<string>();
  /** The longest first: one may be part of another. */
  #ordered: readonly string[] = [];

  /** Remembers every secret in a value. */
  learn(value: Value): void {
    if (isSecret(value)) this.#learnTexts(unwrapSecret(value));
    else this.#children(value).forEach((child) => this.learn(child));
  }

  mask(message: string): string {
    if (this.#ordered.length !== this.#texts.size) {
      this.#ordered = [...this.#texts].toSorted((a, b) => b.length - a.length);
    }
    let masked = message;
    for (const text of this.#ordered) if (masked.includes(text)) masked = masked.replaceAll(text, "[secret]");
    return masked;
  }

  #learnTexts(value: Value): void {
    if (typeof value === "string") {
      if (value.length >= MIN_LENGTH) this.#texts.add(value);
      const lines = value.split("\n").map((line) => line.trim());
      if (lines.length > 1)
        lines.filter((line) => line.length >= MIN_LINE_LENGTH).forEach((line) => this.#texts.add(line));
    }
    this.#children(value).forEach((child) => this.#learnTexts(child));
  }

  #children(value: Value): readonly Value[] {
    if (Array.isArray(value)) return value;
    return isObject(value) ? Object.values(value) : [];
  }
}
