// The compression of the blockchain identifier: LZ-string, whose codes are written with their lowest bit first into
// 16-bit units, highest bit first. Both directions, over text in UTF-16 units.

const UNIT_BITS = 16;
const NEW_CHARACTER = { short: 0, long: 1 } as const;
const END = 2;
const FIRST_CODE = 3;

class BitWriter {
  readonly #bytes: number[] = [];
  #unit = 0;
  #used = 0;

  write(value: number, width: number): void {
    for (let bit = 0; bit < width; bit++) {
      this.#unit = (this.#unit << 1) | ((value >> bit) & 1);
      this.#used += 1;
      if (this.#used < UNIT_BITS) continue;
      this.#bytes.push(this.#unit >> 8, this.#unit & 255);
      this.#unit = 0;
      this.#used = 0;
    }
  }

  /** What was written; the last unit is always filled up, with one more when it is full already. */
  end(): Uint8Array {
    this.write(0, UNIT_BITS - this.#used);
    return Uint8Array.from(this.#bytes);
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  read(width: number): number {
    let value = 0;
    for (let bit = 0; bit < width; bit++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value |= ((byte >> (7 - (this.#at & 7))) & 1) << bit;
    }
    return value;
  }
}

/** How many bits a code has: one more each time as many codes were used as fit. */
class CodeWidth {
  bits: number;
  #left: number;

  constructor(bits: number, left: number) {
    this.bits = bits;
    this.#left = left;
  }

  use(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#left = 2 ** this.bits;
    this.bits += 1;
  }
}

export function compress(text: string): Uint8Array {
  const codes = new Map<string, number>();
  const unwritten = new Set<string>();
  const bits = new BitWriter();
  const width = new CodeWidth(2, 2);
  const nextCode = () => codes.size + FIRST_CODE;

  const emit = (phrase: string) => {
    if (unwritten.delete(phrase)) {
      const unit = phrase.charCodeAt(0);
      const isShort = unit < 256;
      bits.write(isShort ? NEW_CHARACTER.short : NEW_CHARACTER.long, width.bits);
      bits.write(unit, isShort ? 8 : 16);
      width.use();
    } else {
      bits.write(codes.get(phrase) ?? 0, width.bits);
    }
    width.use();
  };

  let phrase = "";
  for (const unit of text.split("")) {
    if (!codes.has(unit)) {
      codes.set(unit, nextCode());
      unwritten.add(unit);
    }
    if (codes.has(phrase + unit)) {
      phrase += unit;
      continue;
    }
    emit(phrase);
    codes.set(phrase + unit, nextCode());
    phrase = unit;
  }
  if (phrase !== "") emit(phrase);
  bits.write(END, width.bits);
  return bits.end();
}

/** undefined for bytes that were not compressed by this scheme, as far as that shows. */
export function decompress(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const bits = new BitReader(bytes);
  const phrases: string[] = [];
  const width = new CodeWidth(2, 2);
  let text = "";
  let previous = "";
  while (!bits.isOver) {
    let code = bits.read(width.bits);
    if (code === END) return text;
    if (code < END) {
      phrases.push(String.fromCharCode(bits.read(code === NEW_CHARACTER.short ? 8 : 16)));
      code = phrases.length - 1 + FIRST_CODE;
      width.use();
    }
    const isNext = previous !== "" && code - FIRST_CODE === phrases.length;
    const phrase = phrases[code - FIRST_CODE] ?? (isNext ? previous + previous.charAt(0) : undefined);
    if (phrase === undefined) return undefined;
    text += phrase;
    if (previous !== "") phrases.push(previous + phrase.charAt(0));
    previous = phrase;
    width.use();
  }
  return "";
}
