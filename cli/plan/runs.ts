import { printable } from "../../providers/common/printable.ts";
import type { PlanDocument, RunsDocument } from "../../stacks/documents.ts";

/** A part of a plan as a table. */
export interface Section {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What runs of each agent. */
export const runsSection = ({ agents }: PlanDocument, isWide: boolean): Section => ({
  title: "What runs",
  headings: ["agent", "hosting", "what", "size", "documents", "packages", "digest"],
  rows: agents.flatMap(({ id, runs }) =>
    runs
      ? [
          [
            id,
            runs.hosting,
            whatOf(runs),
            sizeOf(runs),
            documentsOf(runs, isWide),
            packagesOf(runs, isWide),
            digestOf(runs, isWide),
          ],
        ]
      : [],
  ),
});

const KINDS = { inline: "crew", code: "code", build: "Dockerfile", image: "image", url: "" } as const;

const sourceOf = ({ kind, source }: RunsDocument): string =>
  [KINDS[kind], ...(source === null ? [] : [printable(source)])].filter(Boolean).join(" ");

const whatOf = (runs: RunsDocument): string =>
  [sourceOf(runs), ...(runs.model === null ? [] : [`(${printable(runs.model)})`])].join(" ");

function sizeOf({ cpu, memory, instances, maxInstances }: RunsDocument): string {
  if (cpu === null || memory === null || instances === null) return "";
  const number = maxInstances === null ? String(instances) : `${instances} to ${maxInstances}`;
  return `${number} × ${cpu} CPU units, ${memory} MiB`;
}

/** Digits of a digest by which people tell one from another; all of them are in --wide and bound by the checksum. */
const SHOWN = 16;

const documentOf = ({ name, sha256 }: RunsDocument["documents"][number]): string =>
  `${printable(name)} ${sha256.slice(0, SHOWN)}`;

const packageOf = ({ name, version }: RunsDocument["packages"][number]): string =>
  printable(`${name} ${version}`);

const documentsOf = ({ documents }: RunsDocument, isWide: boolean): string =>
  isWide ? documents.map(documentOf).join("\n") : documents.length === 0 ? "" : String(documents.length);

const packagesOf = ({ packages }: RunsDocument, isWide: boolean): string =>
  isWide ? packages.map(packageOf).join("\n") : packages.length === 0 ? "" : String(packages.length);

const digestOf = ({ digest }: RunsDocument, isWide: boolean): string =>
  isWide ? digest : digest.slice(0, SHOWN);

/**
 * What runs differently than in another checkout of the project, of each agent that it concerns. What it does on the network is in other
 * parts: an agent may be here alone.
 */
export const runsDiffSection = ({ agents, runsBefore }: PlanDocument): Section => ({
  title: "What runs differently",
  headings: ["agent", "what", "before", "now"],
  rows: runsBefore
    ? [
        ...agents.flatMap(({ id, runs }) => (runs ? diffOf(id, runsBefore[id], runs) : [])),
        ...Object.entries(runsBefore)
          .filter(([id]) => !agents.some((agent) => agent.id === id))
          .map(([id, before]) => [id, "the agent", whatOf(before), "removed"]),
      ]
    : [],
});

function diffOf(id: string, before: RunsDocument | undefined, now: RunsDocument): (readonly string[])[] {
  if (!before) return [[id, "the agent", "", whatOf(now)]];
  if (before.digest === now.digest) return [];
  const rows: readonly (readonly [what: string, before: string, now: string])[] = [
    ["hosting", before.hosting, now.hosting],
    ["source", sourceOf(before), sourceOf(now)],
    ["model", before.model ?? "", now.model ?? ""],
    ["size", sizeOf(before), sizeOf(now)],
    ["documents", ...onlyDifferent(before.documents, now.documents, documentOf)],
    ["packages", ...onlyDifferent(before.packages, now.packages, packageOf)],
    ["digest", digestOf(before, false), digestOf(now, false)],
  ];
  return rows.filter(([, old, fresh]) => old !== fresh).map((row) => [id, ...row]);
}

/** Returns what one of two lists has and the other has not, as lines. */
function onlyDifferent<T>(
  before: readonly T[],
  now: readonly T[],
  textOf: (one: T) => string,
): [before: string, now: string] {
  const [old, fresh] = [before.map(textOf), now.map(textOf)];
  return [
    old.filter((text) => !fresh.includes(text)).join("\n"),
    fresh.filter((text) => !old.includes(text)).join("\n"),
  ];
}
