/** What ends lines for some programs and not for others, or turns the direction of the text behind it around. */
const HIDDEN = /[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;
/** What nobody sees, so that a name with it looks like another one. Joiners are none of it: emoji and some scripts are made with them. */
const UNSEEN = /[\u00ad\u200b\u2060-\u2064\u3164]/u;
const NOTHING_SEEN = /^[\p{Default_Ignorable_Code_Point}\s]*$/u;
const CONTROL = /\p{Cc}/u;

/** Lengths are what people count: a letter with its accents is one, and so is an emoji of several parts. */
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Returns how many characters a text has, as far as it matters: counting ends behind `most`. */
export function charactersIn(text: string, most: number): number {
  let count = 0;
  for (const _ of graphemes.segment(text)) {
    count += 1;
    if (count > most) break;
  }
  return count;
}

/** So many code points may one character have on average: an accent or two, but not a hundred on one letter. */
const POINTS_A_CHARACTER = 4;

/** A text as it is kept: one form for letters with accents, one for the ends of lines, tabs as spaces, nothing around it. */
export const tidy = (text: string): string =>
  text.normalize("NFC").replaceAll(/\r\n?/g, "\n").replaceAll("\t", " ").trim();

/** Returns what is wrong with a text that a customer typed; undefined if nothing is. */
export function textProblem(
  text: string,
  { most, lines }: { readonly most: number; readonly lines: boolean },
): string | undefined {
  if (NOTHING_SEEN.test(text)) return "is needed";
  const points = Array.from(text).length;
  if (points > most * POINTS_A_CHARACTER || charactersIn(text, most) > most) {
    return `may have ${most} characters at most`;
  }
  if (/\p{Surrogate}/u.test(text)) return "contains half of a character";
  if (!lines && text.includes("\n")) return "has to be on one line";
  const [control] = CONTROL.exec(text.replaceAll("\n", "")) ?? [];
  if (control !== undefined) return `contains the control character ${codeOf(control)}: remove it`;
  const [hidden] = HIDDEN.exec(text) ?? (lines ? null : UNSEEN.exec(text)) ?? [];
  if (hidden !== undefined) return `contains the hidden character ${codeOf(hidden)}: remove it`;
  return undefined;
}

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** What a crew fills a buyer's input in for, or what was meant as such. */
const PLACEHOLDER = /\{(\s*[A-Za-z_][A-Za-z0-9_-]*\s*)\}/g;

/**
 * Returns a text of which a crew fills in nothing. CrewAI knows no way to write a brace that is only a brace, so braces that would be a
 * placeholder become their full-width forms, which people and models read as braces. It is done in the crew's texts alone: the registry
 * and the page show what was typed.
 */
export const withoutPlaceholders = (text: string): string => text.replaceAll(PLACEHOLDER, "\uff5b$1\uff5d");
