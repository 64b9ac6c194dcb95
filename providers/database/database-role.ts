import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { DatabaseError } from "./errors.ts";
import { dropLeft, unmarkLeft } from "./left-schema.ts";
import { type OwnedSchema, atOnce, hasRole, makeRole, mayCreateRoles, removeRole } from "./role.ts";
import { type Server, inDatabase, placeOf } from "./server.ts";

export interface DatabaseRoleArgs extends OwnedSchema {
  readonly agentId: string;
  /** URL of the database, with a user who may create roles; kept as a secret. */
  readonly server: pulumi.Input<string>;
  readonly ca?: string;
  /** Whether no other agent uses this URL: then it may do where its user cannot create roles. */
  readonly isOnlyAgent: boolean;
  /**
   * Once the agent is removed: the days after which its jobs, unless they can still be disputed, go with the next role that is made or
   * removed in the database.
   */
  readonly keepDays: number;
}

interface Inputs extends Server, OwnedSchema {
  readonly agentId: string;
  readonly isOnlyAgent: boolean;
  /** Absent in states of older releases. */
  readonly keepDays?: number;
}

interface Outputs extends Inputs {
  /** The URL with which the agent logs in. */
  readonly url: string;
  /** False if the agent uses the given URL itself. */
  readonly isOwn: boolean;
}

/** Returns a URL with other credentials. */
function loginUrl(server: string, role: string, password: string): string {
  const url = new URL(server);
  url.username = encodeURIComponent(role);
  url.password = password;
  return url.href;
}

/** The same for two URLs that differ only in who logs in. */
const withoutLogin = (server: string): string => loginUrl(server, "", "");

async function make(inputs: Inputs): Promise<Outputs> {
  const password = randomBytes(24).toString("hex");
  return inDatabase(inputs, async (client) => {
    if (!(await mayCreateRoles(client))) {
      const shared = sharedUrl(inputs);
      await unmarkLeft(client, inputs.schema);
      return shared;
    }
    await atOnce(client, () => makeRole(client, inputs, password));
    await dropLeft(client);
    return { ...inputs, url: loginUrl(inputs.server, inputs.role, password), isOwn: true };
  });
}

function sharedUrl(inputs: Inputs): Outputs {
  if (inputs.isOnlyAgent) return { ...inputs, url: inputs.server, isOwn: false };
  throw new DatabaseError(
    "DATABASE_ROLES_REFUSED",
    `The user of masumi:databaseUrl may not create roles in ${placeOf(inputs)}, and with one user the agents could read and ` +
      "change each other's jobs.",
    `Give the user CREATEROLE, or give ${inputs.agentId} and each other agent a URL with a user of its own in masumi:databaseUrls ` +
      "(docs/operations.md, Database).",
  );
}

/** The dynamic provider behind DatabaseRole. */
export const provider = {
  async diff(_id: string, olds: Outputs, news: Inputs) {
    const isRenamed = olds.role !== news.role || olds.schema !== news.schema;
    const mustPart = !olds.isOwn && !news.isOnlyAgent;
    const isOtherServer = olds.server !== news.server || olds.ca !== news.ca;
    const isKeptOtherwise = olds.keepDays !== news.keepDays;
    const replaces = isRenamed ? ["role", "schema"] : [];
    return { changes: isRenamed || mustPart || isOtherServer || isKeptOtherwise, replaces };
  },

  async create(inputs: Inputs) {
    return { id: inputs.role, outs: await make(inputs) };
  },

  /** In another database, the role is made there; what it leaves behind in the old one is left to whoever moved. */
  async update(_id: string, olds: Outputs, news: Inputs) {
    const isSamePlace = withoutLogin(olds.server) === withoutLogin(news.server);
    if (olds.isOwn && isSamePlace) return { outs: { ...olds, ...news } };
    return { outs: await make(news) };
  },

  /** Reports a role that was dropped as gone, so the next run makes it again. */
  async read(id: string, props: Outputs) {
    if (!props.isOwn) return { id, props };
    return inDatabase(props, async (client) => ((await hasRole(client, props.role)) ? { id, props } : {}));
  },

  async delete(_id: string, props: Outputs) {
    if (!props.isOwn) return;
    await inDatabase(props, async (client) => {
      await atOnce(client, () => removeRole(client, props, props.keepDays));
      await dropLeft(client);
    });
  },
};

/**
 * An agent's own login in the stack's database: a role that owns its schema, and can neither see nor change another's. Removing it
 * keeps the schema for `keepDays`, unless that is empty: there are customers' jobs in it, and an agent that comes back finds them again.
 */
export class DatabaseRole extends pulumi.CustomResource {
  /** The URL with which the agent logs in; a secret. */
  declare readonly url: pulumi.Output<string>;

  constructor(name: string, args: DatabaseRoleArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:DatabaseRole",
      name,
      {
        ...args,
        server: pulumi.secret(args.server),
        url: undefined,
        isOwn: undefined,
        __provider: PROVIDER_TEXTS.DatabaseRole,
      },
      pulumi.mergeOptions(options, { additionalSecretOutputs: ["server", "url"] }),
    );
  }
}
