import { setTimeout as sleep } from "node:timers/promises";
import type { CloudWatchLogs, FilteredLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import { requirePackages } from "../../providers/common/optional-packages.ts";
import { UserError } from "../user-error.ts";
import type { LogReader } from "./reader.ts";

const POLL_MS = 3_000;
/** How far back is looked for the last lines, unless it is said. */
const DEFAULT_AGE_MS = 60 * 60_000;
/** Events of a group's streams appear a little late, and not in order. */
const LATE_MS = 30_000;

interface Place {
  readonly group: string;
  readonly region: string | undefined;
  readonly profile?: string | undefined;
}

/** Reads the log of an agent's tasks from CloudWatch Logs. */
export const readCloudWatch: LogReader<Place> = async (
  place,
  { lines, since, follow },
  { onLine, keeps = () => true, signal },
) => {
  const { group, region, profile } = place;
  requirePackages("CloudWatch", ["@aws-sdk/client-cloudwatch-logs"]);
  const { CloudWatchLogs } = await import("@aws-sdk/client-cloudwatch-logs");
  const logs = new CloudWatchLogs({ ...(region ? { region } : {}), ...(profile ? { profile } : {}) });
  const linesOf = (events: readonly FilteredLogEvent[]) =>
    events.map(({ message = "" }) => message.trimEnd()).filter(keeps);
  try {
    let from = since ?? Date.now() - DEFAULT_AGE_MS;
    const first = await eventsFrom(logs, group, from, signal);
    linesOf(first)
      .slice(-lines)
      .forEach((line) => onLine(line));
    if (!follow) return;
    const seen = new Set(first.map(({ eventId }) => eventId));
    for (;;) {
      await sleep(POLL_MS, undefined, signal ? { signal } : {});
      const fresh = (await eventsFrom(logs, group, from, signal)).filter(({ eventId }) => !seen.has(eventId));
      linesOf(fresh).forEach((line) => onLine(line));
      fresh.forEach(({ eventId }) => seen.add(eventId));
      from = Math.max(
        from,
        Date.now() - DEFAULT_AGE_MS,
        ...fresh.map(({ timestamp = 0 }) => timestamp - LATE_MS),
      );
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(place, error);
  } finally {
    logs.destroy();
  }
};

async function eventsFrom(
  logs: CloudWatchLogs,
  logGroupName: string,
  startTime: number,
  signal: AbortSignal | undefined,
): Promise<FilteredLogEvent[]> {
  const found: FilteredLogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await logs.filterLogEvents(
      { logGroupName, startTime, ...(nextToken === undefined ? {} : { nextToken }) },
      signal ? { abortSignal: signal } : {},
    );
    found.push(...(answer.events ?? []));
    nextToken = answer.nextToken;
  } while (nextToken !== undefined);
  return found;
}

function unreadable({ group, region }: Place, error: unknown): Error {
  const { name, message } = error as Error;
  if (name === "ResourceNotFoundException") {
    return new UserError(
      `There is no log group ${group} in ${region ?? "this region"}: run up first, or check aws:region.`,
    );
  }
  return new UserError(
    `The log group ${group} could not be read: ${name}: ${message}\n` +
      "Check the credentials, aws:region and aws:profile of this command; it needs logs:FilterLogEvents.",
  );
}
