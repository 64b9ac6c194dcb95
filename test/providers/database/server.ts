/** A PostgreSQL that demands passwords, as those of other people do, and speaks TLS if asked to. */
import { appendFileSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { startPostgres } from "../../cloud/postgres.ts";
import type { Certificate } from "../../cloud/tls.ts";

export const ADMIN = { user: "crews", password: "sentinel-admin-password" };

export interface Database {
  /** URL of a superuser. */
  readonly url: string;
  readonly port: number;
  /** Returns the URL of another user, whom nothing keeps from logging in but the password. */
  as(user: string, password: string): string;
  /** Runs statements as whoever a URL says, and returns the rows of the last. */
  run(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]>;
  /** Has the server encrypt what it is asked to. */
  speakTls(certificate: Pick<Certificate, "cert" | "key">): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-roles-"));
  const server = await startPostgres(join(folder, "postgres.log"));
  await server.ask(`ALTER USER ${ADMIN.user} PASSWORD '${ADMIN.password}'`);
  const hba = await server.ask("SHOW hba_file");
  writeFileSync(hba, "host all all 127.0.0.1/32 scram-sha-256\n");
  await server.ask("SELECT pg_reload_conf()");
  const as = (user: string, password: string) =>
    `postgresql://${user}:${password}@127.0.0.1:${server.port}/${server.database}`;
  const url = as(ADMIN.user, ADMIN.password);
  return {
    url,
    port: server.port,
    as,
    run,
    async speakTls({ cert, key }) {
      const data = dirname(hba);
      const { uid, gid } = statSync(hba);
      for (const [name, text] of Object.entries({ "server.crt": cert, "server.key": key })) {
        writeFileSync(join(data, name), text, { mode: 0o600 });
        chownSync(join(data, name), uid, gid);
      }
      appendFileSync(join(data, "postgresql.auto.conf"), "ssl = on\n");
      await run(url, "SELECT pg_reload_conf()");
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function run(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
