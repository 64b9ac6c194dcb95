import { checkCrew } from "./crew.ts";
import { checkEvals } from "./evals.ts";
import { checkInput } from "./input.ts";
import { checkTexts } from "./placeholders.ts";
import type { Complain } from "../load/located.ts";
import type { Declaration } from "../schema/schema.ts";

const SOURCES = ["crew", "build", "image", "url"] as const;

/** Keys that determine how a crew runs, and have no effect for an agent that runs elsewhere. */
const CREW_KEYS = [
  "input",
  "model",
  "documents",
  "evals",
  "resources",
  "container",
  "hosting",
  "secrets",
] as const;

/**
 * Checks the rules between the parts of a declaration. `raw` is used only to see which keys are present. Of a crew that is not
 * whole only the texts are checked: nothing can be said about who does which task.
 * @returns whether all rules are met
 */
export function checkRules(
  parts: Partial<Declaration>,
  raw: Readonly<Record<string, unknown>>,
  report: Complain,
  isCrewWhole: boolean,
): boolean {
  let intact = true;
  const complain: Complain = (...complaint) => {
    intact = false;
    report(...complaint);
  };
  checkSource(raw, complain);
  checkTags(parts.tags ?? [], complain);
  if (parts.listing) checkListing(parts.listing, raw, complain);
  if (parts.input) checkInput(parts.input, complain);
  if (parts.evals && parts.input) checkEvals(parts.evals, parts.input, complain);
  if (parts.resources) checkAutoscaling(parts.resources, complain);
  if (parts.crew && isCrewWhole) checkCrew(parts.crew, parts, complain);
  else if (parts.crew && parts.input) checkTexts(parts.crew, parts.input, complain);
  return intact;
}

function checkSource(raw: Readonly<Record<string, unknown>>, complain: Complain): void {
  const [first, ...others] = SOURCES.filter((key) => key in raw);
  if (!first) {
    complain([], "the agent has nothing to run", "add crew, build, image or url");
  }
  for (const other of others) {
    complain([other], `"${other}" and "${first}" both define what the agent runs`, "keep one of them", "key");
  }
  if (first !== "url" || others.length > 0) return;
  for (const key of CREW_KEYS.filter((key) => key in raw)) {
    complain(
      [key],
      `"${key}" has no effect with "url", because that agent runs elsewhere`,
      "remove it (in an override, with null)",
      "key",
    );
  }
}

function checkListing(
  listing: NonNullable<Declaration["listing"]>,
  raw: Readonly<Record<string, unknown>>,
  complain: Complain,
): void {
  if (typeof listing === "string") return;
  const { type, document, protocolVersions } = listing;
  if (document !== undefined && (type === "standard" || !("url" in raw))) {
    complain(
      ["listing", "document"],
      type === "standard"
        ? "a standard agent has no document"
        : "the document of an agent that runs here is where its crew or image serves it",
      "remove it",
      "key",
    );
  }
  if (protocolVersions === undefined || type === "a2a") return;
  complain(
    ["listing", "protocolVersions"],
    "only a2a has versions of A2A",
    "remove it, or write type: a2a",
    "key",
  );
}

function checkAutoscaling({ instances, autoscaling }: Declaration["resources"], complain: Complain): void {
  if (!autoscaling || autoscaling.max > instances) return;
  complain(
    ["resources", "autoscaling", "max"],
    `resources.autoscaling.max is ${autoscaling.max}, but ${instances} instances always run`,
    "write a higher number, or remove autoscaling",
  );
}

function checkTags(tags: readonly string[], complain: Complain): void {
  for (const [index, tag] of tags.entries()) {
    if (tags.indexOf(tag) < index) complain(["tags", index], `tag "${tag}" is listed twice`, "remove one");
  }
}
