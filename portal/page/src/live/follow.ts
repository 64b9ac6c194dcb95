import type { Credentials } from "../api/client.ts";
import { type ServerEvent, readEvents } from "../api/event-stream.ts";

/** `polling`: the stream does not come through, so the page asks now and then. */
export type Link = "connecting" | "live" | "polling" | "offline";

export interface Following {
  readonly path: string;
  /** The last event that is known already. */
  readonly since?: string | undefined;
  readonly heard: (event: ServerEvent) => void;
  /** Asks for everything, where no stream comes through. */
  readonly poll?: (signal: AbortSignal) => Promise<void>;
  readonly linked?: (link: Link) => void;
}

/** Server and proxies say something every 15 s; after three times that, the stream is taken for dead. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const POLL_MS = 5000;
/** After so many failures in a row the page asks instead, and goes on trying for a stream. */
const PATIENCE = 2;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      globalThis.removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      done();
    }
    // Whoever is back from a tunnel does not wait for the timer.
    globalThis.addEventListener("online", end);
    signal.addEventListener("abort", end);
  });

/** Follows a stream until `signal` aborts, over any number of connections. Returns at once. */
export function follow(credentials: Credentials, following: Following, signal: AbortSignal): void {
  const { path, heard, poll, linked } = following;
  let last = following.since;
  let failures = 0;

  async function connect(): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const token = await credentials.token();
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
      if (last !== undefined) headers["Last-Event-ID"] = last;
      const response = await fetch(path, {
        headers,
        cache: "no-store",
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (response.status === 401) credentials.refused();
      if (!response.ok || !response.body) throw new Error(`The stream answered ${response.status}.`);
      linked?.("live");
      for await (const event of readEvents(response.body)) {
        failures = 0;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        if (!event) continue;
        heard(event);
        last = event.id ?? last;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async function pollFor(ms: number): Promise<void> {
    const until = Date.now() + ms;
    do {
      try {
        await poll?.(signal);
        linked?.("polling");
      } catch {
        // Nothing to tell but that nobody answers; the next turn asks again.
        linked?.("offline");
      }
      await pause(POLL_MS, signal);
    } while (Date.now() < until && !signal.aborted);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await connect().catch(() => {});
      if (signal.aborted) return;
      failures += 1;
      const wait =
        Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
      linked?.(navigator.onLine ? "connecting" : "offline");
      if (failures > PATIENCE && poll) await pollFor(wait);
      else await pause(wait, signal);
    }
  }
  void run();
}
