import { setTimeout as delay } from "node:timers/promises";
import { isPassing } from "../client/http.ts";

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 2_000;

/**
 * Looks for the effect of a request whose answer was lost: immediately, then with pauses growing to two seconds, and a last
 * time after `seconds`. A temporary error counts as having seen nothing. Returns undefined if there was no effect.
 */
export async function awaitEffect<T>(
  seconds: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    const isLast = Date.now() >= deadline;
    const found = await look().catch(ignorePassing);
    if (found !== undefined || isLast) return found;
    await delay(Math.min(pause, Math.max(0, deadline - Date.now())));
  }
}

function ignorePassing(error: unknown): undefined {
  if (!isPassing(error)) throw error;
}
