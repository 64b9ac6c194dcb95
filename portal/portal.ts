import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { readNetwork } from "../stacks/network.ts";
import { createApi } from "./api/app.ts";
import { Changes } from "./api/changes.ts";
import { noGate } from "./billing/none.ts";
import { Repository } from "./commits/repository.ts";
import { openDatabase } from "./database/open.ts";
import { FleetDirectory } from "./fleets/fleets.ts";
import { prepareLocalFleets } from "./fleets/local.ts";
import { openFleetProject } from "./fleets/project.ts";
import type { Identity } from "./identity/user.ts";
import { FleetQueue } from "./runs/queue.ts";
import { Worker } from "./runs/worker.ts";
import type { Settings } from "./settings.ts";
import { OWN_TEMPLATES, readTemplates } from "./templates/template.ts";

export interface PortalOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
  /** Instead of what the settings say. */
  readonly identity?: Identity;
}

export interface RunningPortal {
  readonly url: string;
  /** Ends the portal: requests and runs under way may finish what they are at. */
  close(): Promise<void>;
}

/** Starts the portal, and returns when it takes requests. */
export async function startPortal({ settings, env, log, identity }: PortalOptions): Promise<RunningPortal> {
  const folder = resolve(settings.PORTAL_FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { database, pglite } = await openDatabase({ url: settings.DATABASE_URL, folder: join(folder, "database") });
  const repository = new Repository(join(folder, "repository.git"), settings.PORTAL_REPOSITORY);
  await repository.open();
  const project = openFleetProject(join(folder, "project"));
  await prepareLocalFleets(project, { chainSpeed: settings.PORTAL_CHAIN_SPEED });
  const fleets = new FleetDirectory(project, readNetwork(project, "local").network);
  const changes = new Changes();
  await changes.start(database);
  const queue = new FleetQueue({ url: settings.DATABASE_URL, pglite }, log);
  const worker = new Worker(
    { database, repository, fleets, project, env, queue },
    {
      batchMs: settings.PORTAL_BATCH_MS,
      runs: settings.PORTAL_RUNS,
      deploys: settings.PORTAL_DEPLOY === "here",
    },
    log,
  );
  await worker.start();
  if (!identity) throw new Error("no identity");
  const url = `http://${settings.PORTAL_HOST}:${settings.PORTAL_PORT}`;
  const app = createApi({
    database,
    settings,
    identity,
    gate: noGate,
    billing: "none",
    signIn: { kind: "local" },
    templates: readTemplates(settings.PORTAL_TEMPLATES ?? OWN_TEMPLATES),
    fleets,
    fleetSize: settings.PORTAL_FLEET_SIZE,
    changes,
    url,
    log,
  });
  const server = await listen(app.fetch, settings);
  return {
    url,
    close: async () => {
      server.close();
      await worker.stop();
      await changes.stop();
      await database.close();
    },
  };
}

function listen(fetch: Parameters<typeof serve>[0]["fetch"], settings: Settings): Promise<ServerType> {
  return new Promise((done, failed) => {
    const server = serve({ fetch, hostname: settings.PORTAL_HOST, port: settings.PORTAL_PORT }, () =>
      done(server),
    );
    server.once("error", failed);
  });
}
