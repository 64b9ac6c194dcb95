import { AGENTS_CHANGED } from "../database/agents.ts";
import type { Database } from "../database/database.ts";

/** Tells those who wait that something of a user's agents changed, on whatever portal it was written. */
export class Changes {
  readonly #waiting = new Set<(userId: string) => void>();
  #stop: (() => Promise<void>) | undefined;

  async start(database: Database): Promise<void> {
    this.#stop = await database.listen(AGENTS_CHANGED, (userId) => {
      for (const hear of this.#waiting) hear(userId);
    });
  }

  /** Hears the user of each change until the returned function is called; "": anybody's may have changed. */
  hear(listener: (userId: string) => void): () => void {
    this.#waiting.add(listener);
    return () => void this.#waiting.delete(listener);
  }

  async stop(): Promise<void> {
    await this.#stop?.();
  }
}
