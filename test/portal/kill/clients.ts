import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentView } from "../../../portal/api/schemas.ts";
import type { PortalProcess } from "./portals.ts";

/** What a user was promised: the agent as it was last declared, or that it is gone. */
export interface Wanted {
  readonly user: string;
  readonly bio: string;
  /** Digests, by the names of the documents. */
  readonly documents: ReadonlyMap<string, string>;
  readonly isGone: boolean;
}

/** What was accepted, by the agents' ids. */
export type Promised = Map<string, Wanted>;

/** So many kills, then another user comes: fleets fill up, and the next one is made. */
const KILLS_A_USER = 20;
const LARGEST_DOCUMENT = 400_000;
const ACTIONS = 2;
const ATTEMPTS = 200;
const PAUSE_MS = 300;

interface Acting {
  readonly random: () => number;
  readonly portals: readonly PortalProcess[];
  readonly promised: Promised;
  /** The number of the kill that it goes on beside. */
  readonly count: number;
}

/** Creates, changes and deletes agents, as clients do that repeat what got no answer. */
export async function act({ random, portals, promised, count }: Acting): Promise<void> {
  const user = `user-${Math.floor(count / KILLS_A_USER)}@example.com`;
  for (let index = 0; index < ACTIONS; index += 1) {
    const mark = `${count}-${index}`;
    const staying = [...promised].filter(([, wanted]) => !wanted.isGone && wanted.user === user);
    const [id, wanted] = staying[Math.floor(random() * staying.length)] ?? [];
    const what = random();
    const client = { portals, user };
    if (id === undefined || wanted === undefined || what < 0.6) {
      await create(client, promised, mark, random);
    } else if (what < 0.8) {
      promised.set(id, await change(client, id, wanted, mark, random));
    } else {
      await repeated(client, `/agents/${id}`, () => ({ method: "DELETE" }));
      promised.set(id, { ...wanted, isGone: true });
    }
  }
}

interface Client {
  readonly portals: readonly PortalProcess[];
  readonly user: string;
}

async function create(client: Client, promised: Promised, mark: string, random: () => number): Promise<void> {
  const files = documents(mark, random);
  const form = {
    name: `Agent ${mark}`,
    bio: `Bio ${mark}`,
    description: "Answers.",
    template: "support-desk",
  };
  const { agentId } = (await repeated(client, "/agent", () => ({
    method: "POST",
    body: formOf(form, files),
    headers: { "Idempotency-Key": mark },
  }))) as { agentId: string };
  promised.set(agentId, { user: client.user, bio: form.bio, documents: digestsOf(files), isGone: false });
}

/** Changes the bio, adds documents and takes one away. */
async function change(
  client: Client,
  id: string,
  wanted: Wanted,
  mark: string,
  random: () => number,
): Promise<Wanted> {
  const files = wanted.documents.size > 6 ? [] : documents(mark, random);
  const bio = `Bio ${mark}`;
  const [removed] = wanted.documents;
  const removeDocs = removed === undefined || random() < 0.3 ? {} : { removeDocs: removed[1] };
  await repeated(client, `/agents/${id}`, () => ({
    method: "PATCH",
    body: formOf({ bio, ...removeDocs }, files),
  }));
  const left = new Map(wanted.documents);
  if ("removeDocs" in removeDocs && removed) left.delete(removed[0]);
  return { ...wanted, bio, documents: new Map([...left, ...digestsOf(files)]) };
}

/** Up to two documents; no other agent has the same. */
function documents(mark: string, random: () => number): readonly SentFile[] {
  return Array.from({ length: Math.floor(random() * 3) }, (_, index) => {
    const line = `Rule ${index} of ${mark}.\n`;
    const text = line.repeat(1 + Math.floor((random() * LARGEST_DOCUMENT) / line.length));
    return { name: `rules-${mark}-${index}.md`, text };
  });
}

interface SentFile {
  readonly name: string;
  readonly text: string;
}

const digestsOf = (files: readonly SentFile[]) =>
  new Map(files.map(({ name, text }) => [name, createHash("sha256").update(text).digest("hex")]));

function formOf(fields: Readonly<Record<string, string>>, files: readonly SentFile[]): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const { name, text } of files) body.append("docs", new File([text], name));
  return body;
}

/** Sends a request until a portal answers it, as a client does that got no answer. */
async function repeated(
  { portals, user }: Client,
  path: string,
  request: () => Omit<RequestInit, "headers"> & { headers?: Readonly<Record<string, string>> },
): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    const { url } = portals[Math.floor(attempt % portals.length)] ?? { url: "" };
    try {
      const { headers, ...init } = request();
      const Authorization = await token(url, user);
      const response = await fetch(`${url}${path}`, { ...init, headers: { ...headers, Authorization } });
      if (response.ok) return await response.json();
      if (response.status < 500) throw new Refused(`${path}: ${response.status} ${await response.text()}`);
    } catch (error) {
      if (error instanceof Refused || attempt > ATTEMPTS) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

class Refused extends Error {}

async function token(url: string, email: string, operator = false): Promise<string> {
  const response = await fetch(`${url}/sign-in`, {
    method: "POST",
    body: JSON.stringify({ email, operator }),
    headers: { "Content-Type": "application/json" },
  });
  return `Bearer ${((await response.json()) as { token: string }).token}`;
}

/** Returns the agents of all users, as an operator sees them. */
export async function agentsOf({ url }: PortalProcess): Promise<readonly AgentView[]> {
  const headers = { Authorization: await token(url, "operator@example.com", true) };
  const response = await fetch(`${url}/operator/agents`, { headers });
  return ((await response.json()) as { agents: AgentView[] }).agents;
}
