const SMALLEST = 65_536;

/**
 * A long text that is made of many parts over and over, most of them the same as before: it is kept in one buffer, and only what changed or
 * moved is copied anew. A state of megabytes is written hundreds of times in a run; as new buffers, that kept the garbage collector busy.
 */
export class JoinedText {
  #buffer: Buffer = Buffer.allocUnsafe(SMALLEST);
  #parts: readonly Buffer[] = [];

  /** The parts one after the other. What is returned is valid until the next call. */
  join(parts: readonly Buffer[]): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const before = length > this.#buffer.length ? [] : this.#parts;
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(2 * length);
    let offset = 0;
    let moved = false;
    for (const [index, part] of parts.entries()) {
      const old = before[index];
      if (moved || old !== part) part.copy(this.#buffer, offset);
      moved ||= old?.length !== part.length;
      offset += part.length;
    }
    this.#parts = parts;
    return this.#buffer.subarray(0, length);
  }
}
