import type { Hono } from "hono";
import type { Environment } from "../../stacks/index.ts";
import type { Database } from "../database/database.ts";
import type { DocumentStore } from "../documents/store.ts";
import type { FleetDirectory } from "../fleets/fleets.ts";
import type { Gate } from "../billing/gate.ts";
import type { Identity, User } from "../identity/user.ts";
import type { CostsDesk } from "./costs/desk.ts";
import type { RegistryDesk } from "./registry/desk.ts";
import type { Settings } from "../settings.ts";
import type { Template } from "../templates/template.ts";
import type { Changes } from "./changes.ts";

/** What the routes are made of. */
export interface ApiParts {
  readonly database: Database;
  readonly settings: Settings;
  readonly identity: Identity;
  /** Adds what signs users in, where the portal does so itself. */
  readonly signInRoutes?: (app: Hono) => void;
  readonly gate: Gate;
  readonly billing: "none" | "stripe";
  readonly templates: ReadonlyMap<string, Template>;
  readonly documents: DocumentStore;
  readonly fleets: FleetDirectory;
  /** Asks the network's registry, where one is named. */
  readonly registry: RegistryDesk | undefined;
  /** Reads what fleets cost. */
  readonly costs: CostsDesk;
  /** Tells that agents changed. */
  readonly changes: Changes;
  /** The portal's address, as its customers know it. */
  readonly url: string;
  /** What /healthz says of which start of the portal answers. */
  readonly instance: string;
  readonly env: Environment;
  /** Tells the operator. */
  readonly say: (line: string) => void;
}

/** What the routes know of a request. */
export interface ApiEnv {
  Variables: { user: User };
}
