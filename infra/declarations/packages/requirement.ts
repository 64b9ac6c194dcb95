import { validRange } from "@renovatebot/pep440";

/** What a Python project asks for, as PEP 508 has it: `name[extra]>=1,<2; marker`. */
export interface Requirement {
  /** As written, without the blanks around it. */
  readonly text: string;
  /** In the one form that indexes compare names in (PEP 503). */
  readonly name: string;
  readonly extras: readonly string[];
  /** Such as `>=1,<2`; empty if any version will do. */
  readonly specifier: string;
  /** Where it applies, such as `python_version < "3.12"`; empty if everywhere. */
  readonly marker: string;
}

const REQUIREMENT =
  /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(?:\(([^()]*)\)|([<>=!~][^;@()]*))?\s*(?:;(.*))?$/is;

/** Returns a package's name as indexes compare it: `Typing_Extensions` is `typing-extensions`. */
export const normalName = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** Returns a requirement by name; undefined for anything else, as a URL. */
export function parseRequirement(text: string): Requirement | undefined {
  const [whole, name, extras = "", inBrackets, bare, marker = ""] = REQUIREMENT.exec(text.trim()) ?? [];
  const specifier = (inBrackets ?? bare ?? "").replaceAll(/\s+/g, "");
  if (whole === undefined || name === undefined || (specifier !== "" && !validRange(specifier)))
    return undefined;
  return {
    text: whole,
    name: normalName(name),
    extras: extras
      .split(",")
      .map((extra) => normalName(extra.trim()))
      .filter(Boolean),
    specifier,
    marker: marker.trim(),
  };
}
