import { type Client, createClient } from "../api/client.ts";
import { type LiveAgents, liveAgents } from "../live/live-agents.ts";
import { createStore } from "../store.ts";
import type { Configuration, Me } from "../wire.ts";
import { RETURN_PATH, SignInError, endSignIn, refreshed } from "./oidc.ts";
import { type Tokens, keepTokens, keptTokens } from "./token.ts";
import { navigate } from "../routing/router.tsx";

/** Somebody is signed in. */
export interface SignedIn {
  readonly phase: "signed-in";
  readonly config: Configuration;
  readonly client: Client;
  readonly me: Me;
  readonly live: LiveAgents;
}

export type Session =
  | { readonly phase: "loading" }
  | { readonly phase: "unreachable"; readonly error: unknown }
  | { readonly phase: "signed-out"; readonly config: Configuration; readonly notice?: string }
  | SignedIn;

export const session = createStore<Session>({ phase: "loading" });

/** A token that ends sooner than this is renewed first. */
const MARGIN_MS = 30_000;

let tokens: Tokens | undefined;
let ending = new AbortController();
let renewal: Promise<Tokens | undefined> | undefined;

function setTokens(next: Tokens | undefined): void {
  tokens = next;
  keepTokens(next);
}

function clientFor(config: Configuration): Client {
  async function renewed(): Promise<Tokens | undefined> {
    const { signIn } = config;
    const old = tokens;
    if (old?.expiresAt === undefined || old.expiresAt - MARGIN_MS > Date.now()) return old;
    if (signIn.kind !== "oidc" || old.refresh === undefined) return old;
    // One renewal for all who ask meanwhile: a refresh token may be good only once.
    renewal ??= refreshed(signIn, old).finally(() => (renewal = undefined));
    const fresh = await renewal;
    if (fresh && tokens === old) setTokens(fresh);
    return fresh ?? old;
  }
  return createClient({
    token: async () => (await renewed())?.access,
    refused: () => signOut("Your session has ended. Sign in again to go on."),
  });
}

/** Loads what the portal is, and who is signed in. */
export async function start(): Promise<void> {
  session.set({ phase: "loading" });
  const anonymous = createClient({ token: () => Promise.resolve(undefined), refused: () => {} });
  try {
    const config = await anonymous.get<Configuration>("/config");
    tokens = keptTokens();
    const notice = location.pathname === RETURN_PATH ? await comeBack(config) : undefined;
    if (tokens) await enter(config);
    else session.set({ phase: "signed-out", config, ...(notice === undefined ? {} : { notice }) });
  } catch (error) {
    session.set({ phase: "unreachable", error });
  }
}

/** Returns what went wrong, if anything did. */
async function comeBack(config: Configuration): Promise<string | undefined> {
  const query = new URLSearchParams(location.search);
  // The code leaves the address, and with it the history, before anything else happens.
  navigate("/", { replace: true });
  if (config.signIn.kind !== "oidc") return undefined;
  try {
    const { tokens: got, path } = await endSignIn(config.signIn, query);
    setTokens(got);
    navigate(path, { replace: true });
    return undefined;
  } catch (error) {
    if (error instanceof SignInError) return error.message;
    throw error;
  }
}

async function enter(config: Configuration): Promise<void> {
  const client = clientFor(config);
  ending = new AbortController();
  let me: Me;
  try {
    me = await client.get<Me>("/me");
  } catch (error) {
    // A token that is no longer good has signed the user out by now.
    if (!tokens) return;
    throw error;
  }
  const live = liveAgents(client, ending.signal);
  session.set({ phase: "signed-in", config, client, me, live });
  await live.reload();
}

/** Takes a token that the portal itself issued. */
export async function signInWith(config: Configuration, token: string): Promise<void> {
  setTokens({ access: token });
  await enter(config);
}

export function signOut(notice?: string): void {
  const now = session.get();
  ending.abort();
  setTokens(undefined);
  if (now.phase === "signed-in") {
    session.set({ phase: "signed-out", config: now.config, ...(notice === undefined ? {} : { notice }) });
  } else if (notice !== undefined) void start();
}

/** Asks again who the user is and what they have paid. */
export async function refreshMe(): Promise<Me | undefined> {
  const now = session.get();
  if (now.phase !== "signed-in") return undefined;
  const me = await now.client.get<Me>("/me");
  const later = session.get();
  if (later.phase === "signed-in") session.set({ ...later, me });
  return me;
}
