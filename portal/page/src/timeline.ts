import type { Agent, TimelineEntry } from "./wire.ts";

/** One round of an agent's life: how it came, how a change of it came, how it left. */
export type Pass = readonly TimelineEntry[];

export interface PassStep {
  readonly step: string;
  readonly at: string | undefined;
  readonly detail: string | undefined;
  readonly state: "done" | "now" | "ahead" | "failed";
}

/** What a portal says in a time line of a round that went wrong; a later round may begin without a change. */
const FAILED = "failed";
const BEGINS = ["accepted", "changed", "leaving"];
const TO_COME: Readonly<Record<string, readonly string[]>> = {
  accepted: ["declared", "running", "requested", "onChain", "registered"],
  changed: ["declared", "registered"],
  leaving: ["deregistered"],
};

/** What a change that the network shows has beside; whether it is one, its way to the network tells. */
const toCome = (pass: Pass): readonly string[] => {
  const isListed = pass.some(({ step }) => step === "requested" || step === "onChain");
  return TO_COME[pass[0]?.step === "changed" && isListed ? "accepted" : (pass[0]?.step ?? "")] ?? [];
};

/** Splits a time line into its rounds, oldest first. */
export function passesOf(timeline: readonly TimelineEntry[]): readonly Pass[] {
  const passes: TimelineEntry[][] = [];
  for (const entry of timeline) {
    const current = passes.at(-1);
    if (!current || BEGINS.includes(entry.step)) passes.push([entry]);
    else current.push(entry);
  }
  return passes;
}

/** What happened in an agent's present round and what is still to come; once it is over, only what happened. */
export function stepsNow({ state, timeline }: Pick<Agent, "state" | "timeline">): readonly PassStep[] {
  const pass = passesOf(timeline).at(-1) ?? [];
  const done = pass.map(({ step, at, detail }): PassStep => ({
    step,
    at,
    detail,
    state: step === FAILED ? "failed" : "done",
  }));
  const isOver = state === "registered" || state === "deregistered";
  if (isOver || !pass[0]) return done;
  const hasFailed = pass.at(-1)?.step === FAILED;
  const planned = toCome(pass);
  // A step that was passed by does not come any more.
  const furthest = Math.max(...pass.map(({ step }) => planned.indexOf(step)));
  const ahead = planned.slice(furthest + 1).filter((step) => !pass.some((one) => one.step === step));
  const next = state === "failed" ? "failed" : "now";
  return [
    ...done,
    ...ahead.map((step, index): PassStep => {
      const isNext = index === 0 && !hasFailed;
      return { step, at: undefined, detail: undefined, state: isNext ? next : "ahead" };
    }),
  ];
}
