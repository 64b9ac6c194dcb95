import type { Agent, AgentState, ListingType, Template } from "./wire.ts";

/** How a state looks: at rest, at work, good, bad, over. */
export type Tone = "busy" | "good" | "bad" | "gone";

interface StateText {
  readonly label: string;
  readonly tone: Tone;
  readonly sentence: string;
}

export const STATES: Readonly<Record<AgentState, StateText>> = {
  accepted: {
    label: "Received",
    tone: "busy",
    sentence: "We have your agent and will start it in a moment.",
  },
  declared: {
    label: "Queued",
    tone: "busy",
    sentence: "Your agent is saved and waits to be started.",
  },
  starting: { label: "Starting", tone: "busy", sentence: "Your agent is being started." },
  running: {
    label: "Running",
    tone: "busy",
    sentence: "Your agent answers; next it is registered on the network.",
  },
  requested: { label: "Registering", tone: "busy", sentence: "The network is registering your agent." },
  registered: {
    label: "Registered",
    tone: "good",
    sentence: "Your agent is live: anyone on the network can hire it.",
  },
  updating: {
    label: "Updating",
    tone: "busy",
    sentence: "Your change is on its way. The agent goes on working.",
  },
  failed: { label: "Needs attention", tone: "bad", sentence: "Your agent could not be brought up." },
  leaving: {
    label: "Leaving",
    tone: "busy",
    sentence: "Your agent finishes its open jobs and leaves the network.",
  },
  deregistered: { label: "Removed", tone: "gone", sentence: "This agent has left the network." },
};

/** What the network shows buyers of an agent, instead of Masumi's own API. */
export const LISTINGS: Readonly<Record<ListingType, string>> = {
  openapi: "OpenAPI document",
  a2a: "A2A agent card",
  x402: "x402 manifest",
};

const STEPS: Readonly<Record<string, string>> = {
  accepted: "Received",
  changed: "Change received",
  declared: "Queued",
  running: "Running",
  requested: "Registration requested",
  onChain: "On the chain",
  registered: "Registered",
  failed: "Failed",
  leaving: "Removal requested",
  deregistered: "Removed",
};

/** A step of the time line for people; a step that this page does not know is shown by its own name. */
export const stepText = (step: string): string => STEPS[step] ?? step;

export const isMoving = ({ state }: Pick<Agent, "state">): boolean => STATES[state].tone === "busy";
export const isGone = ({ state }: Pick<Agent, "state">): boolean => state === "deregistered";

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

export const dateText = (at: string): string => date.format(new Date(at));
export const momentText = (at: string): string => moment.format(new Date(at));
/** The time alone if it was today. */
export function shortMoment(at: string): string {
  const when = new Date(at);
  return when.toDateString() === new Date().toDateString() ? clock.format(when) : moment.format(when);
}

/** How long until then: `in about 4 min`. */
export function untilText(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  if (seconds <= 0) return "any moment now";
  if (seconds < 60) return `in about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `in about ${minutes} min` : `in about ${Math.round(minutes / 60)} h`;
}

export function durationText(from: string, to: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, size] = bytes < 1_000_000 ? ["kB", bytes / 1000] : ["MB", bytes / 1_000_000];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** What a job costs. */
export const jobPriceText = (price: string): string => (price === "free" ? "Free" : `${price} a job`);

/** What a job costs by a template, of which choices may make another price. */
export const templatePriceText = ({ price, choices }: Pick<Template, "price" | "choices">): string =>
  choices.some(({ options }) => options.some((option) => option.price !== undefined))
    ? `${jobPriceText(price)}, unless you choose another price`
    : jobPriceText(price);

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Characters as people count them: an emoji of several code units is one. */
export const lengthOf = (text: string): number => Array.from(text).length;

const MINUTE = 60;
const HOUR = 3600;

/** How long something ran, all together. @example runningText(90) // "1.5 min" */
export function runningText(seconds: number): string {
  if (seconds < MINUTE) return `${Math.round(seconds)} s`;
  return seconds < HOUR ? `${rounded(seconds / MINUTE)} min` : `${rounded(seconds / HOUR)} h`;
}

const rounded = (amount: number): string => amount.toLocaleString("en", { maximumFractionDigits: 1 });

/** US dollars, small amounts with two digits that are not zero. @example usdText("0.000055") // "$0.000055" */
export const usdText = (usd: string): string =>
  Number(usd).toLocaleString("en", {
    style: "currency",
    currency: "USD",
    ...(Number(usd) < 1 ? { maximumSignificantDigits: 2 } : {}),
  });
