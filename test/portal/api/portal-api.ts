import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createApi } from "../../../portal/api/app.ts";
import { Changes } from "../../../portal/api/changes.ts";
import type { Gate } from "../../../portal/billing/gate.ts";
import { noGate } from "../../../portal/billing/none.ts";
import { Repository } from "../../../portal/commits/repository.ts";
import type { Database } from "../../../portal/database/database.ts";
import { folderStore } from "../../../portal/documents/folder.ts";
import { FleetDirectory } from "../../../portal/fleets/fleets.ts";
import { UnauthorizedError } from "../../../portal/identity/index.ts";
import { openCosts } from "../../../portal/api/costs/desk.ts";
import { openRegistry } from "../../../portal/api/registry/desk.ts";
import { readSettings } from "../../../portal/settings.ts";
import { OWN_TEMPLATES, readTemplates } from "../../../portal/templates/template.ts";
import { prepareLocalStack } from "../../../stacks/index.ts";
import { REGISTRY_KEY } from "../../helpers/registry-service.ts";
import { openNewDatabase } from "../database/ready.ts";

const BRIEF_MS = 300;

export interface TestedApi {
  readonly database: Database;
  readonly folder: string;
  readonly fleets: FleetDirectory;
  /** What the operator was told. */
  readonly said: string[];
  /** Sends a request as a user; `operator-…` are operators, and tokens of `brief-…` expire soon. */
  send(method: string, path: string, user?: string, options?: RequestInit): Promise<Response>;
  /** Another portal beside it, with settings and a gate of its own, but the same database and documents. */
  beside(settings?: Readonly<Record<string, string>>, gate?: Gate): Promise<TestedApi>;
  close(): Promise<void>;
}

/** The API without what works in the background: what was accepted stays accepted. */
export async function startApi(): Promise<TestedApi> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-api-"));
  const { database } = await openNewDatabase(join(folder, "database"));
  const fleets = new FleetDirectory({
    folder,
    repository: new Repository(join(folder, "repository.git")),
    prefix: "local",
  });
  const hosting = { "masumi:hosting": "shared", "masumi:shared": '{"on":"process"}' };
  await prepareLocalStack(fleets.project, {
    stack: fleets.model,
    sandboxUrl: "http://127.0.0.1:9",
    settings: { ...hosting, "masumi:documents": JSON.stringify({ folder }) },
  });
  const serve: TestedApi["beside"] = (settings, gate) =>
    serveApi({ folder, database, fleets }, serve, settings, gate);
  const api = await serve({}, noGate);
  return {
    ...api,
    close: async () => {
      await api.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Place {
  readonly folder: string;
  readonly database: Database;
  readonly fleets: FleetDirectory;
}

async function serveApi(
  { folder, database, fleets }: Place,
  beside: TestedApi["beside"],
  settings: Readonly<Record<string, string>> = {},
  gate: Gate = noGate,
): Promise<TestedApi> {
  const changes = new Changes();
  await changes.start(database);
  const said: string[] = [];
  const read = readSettings({ PORTAL_BURST: "1000", ...settings });
  const app = createApi({
    database,
    settings: read,
    // The token is the user's id.
    identity: {
      verify: (authorization) => {
        const [, id] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
        if (id === undefined) return Promise.reject(new UnauthorizedError("no bearer token"));
        const user = { id, email: `${id}@example.com`, isOperator: id.startsWith("operator") };
        const expiresAt = new Date(Date.now() + BRIEF_MS);
        return Promise.resolve(id.startsWith("brief") ? { ...user, expiresAt } : user);
      },
    },
    gate,
    billing: "none",
    templates: readTemplates(read.PORTAL_TEMPLATES ?? OWN_TEMPLATES),
    documents: folderStore(join(folder, "documents")),
    fleets,
    registry: openRegistry(fleets, { env: { MASUMI_REGISTRY_KEY: REGISTRY_KEY } }, (line) => said.push(line)),
    costs: openCosts(fleets, process.env),
    changes,
    env: {},
    url: "http://portal.example",
    instance: "one",
    say: (line) => void said.push(line),
  });
  return {
    database,
    folder,
    fleets,
    said,
    send: async (method, path, user, { headers, ...options } = {}) =>
      app.request(path, {
        method,
        headers: {
          ...(user === undefined ? {} : { Authorization: `Bearer ${user}` }),
          ...(headers as object),
        },
        ...options,
      }),
    beside,
    close: () => changes.stop(),
  };
}

export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", ...headers },
});

/** A form that is right; `name` has to be another each time. */
export const form = (name: string) => ({
  name,
  bio: "We sell bikes.",
  description: "Answers on bikes.",
  template: "support-desk",
});

/** Places an agent's declaration, as it was accepted, where its fleet is deployed; returns the file. */
export async function placeDeclaration(api: TestedApi, fleet: number, agentId: string): Promise<string> {
  const [row] = await api.database.query<{ declaration: string }>(
    "SELECT declaration FROM portal_requests WHERE agent_id = $1",
    [agentId],
  );
  const file = join(api.fleets.project.root, api.fleets.named(fleet).folder, `${agentId}.yaml`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, row?.declaration ?? "");
  return file;
}
