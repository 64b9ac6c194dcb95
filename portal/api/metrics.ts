import type { Queries } from "../database/database.ts";

interface Sample {
  readonly labels: string;
  readonly value: number;
}

/** The media type of Prometheus' text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Returns the figures of the portal in Prometheus' text format: numbers alone, since anybody who reaches the portal may read them. */
export async function metricsOf(queries: Queries): Promise<string> {
  const [agents, open, runs, waiting] = await Promise.all([
    queries.query<{ label: string; count: number }>(
      "SELECT state AS label, count(*)::integer AS count FROM portal_agents GROUP BY state ORDER BY state",
    ),
    queries.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM portal_requests WHERE commit IS NULL",
    ),
    queries.query<{ label: string; count: number }>(
      `SELECT CASE WHEN ended_at IS NULL THEN 'running' WHEN ok THEN 'ok' ELSE 'failed' END AS label,
         count(*)::integer AS count FROM portal_runs GROUP BY 1 ORDER BY 1`,
    ),
    queries.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM portal_fleets
       WHERE declared_commit IS NOT NULL AND declared_commit IS DISTINCT FROM deployed_commit`,
    ),
  ]);
  const one = (rows: readonly { count: number }[]): Sample[] => [{ labels: "", value: rows[0]?.count ?? 0 }];
  const by = (name: string, rows: readonly { label: string; count: number }[]): Sample[] =>
    rows.map(({ label, count }) => ({ labels: `{${name}="${label}"}`, value: count }));
  return [
    gauge("portal_agents", "Agents by their state.", by("state", agents)),
    gauge("portal_requests_open", "Accepted requests that are not committed yet.", one(open)),
    gauge("portal_fleets_waiting", "Fleets whose newest commit is not deployed.", one(waiting)),
    gauge("portal_runs", "Runs that are kept, by how they ended.", by("state", runs)),
    gauge("portal_memory_bytes", "Resident memory of this portal.", [
      { labels: "", value: process.memoryUsage.rss() },
    ]),
  ].join("");
}

const gauge = (name: string, help: string, samples: readonly Sample[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(({ labels, value }) => `${name}${labels} ${value}`),
    "",
  ].join("\n");
