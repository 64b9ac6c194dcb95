import { z } from "zod";

/** A rule of a text beyond its length, said in words: `error` says what is wrong, `params.remedy` what would be right. */
interface Rule {
  readonly test: (text: string) => boolean;
  readonly wrong: string;
  readonly right: string;
  /** The same rule for editors, where a pattern can say it. */
  readonly pattern?: string;
}

/**
 * A text that is not blank; blanks around it are dropped. Lengths count UTF-16 units, as the service does.
 * `wanted` says what would be right where something else than a text stands.
 */
export function text(max?: number, wanted?: string) {
  const filled = z
    .string(wanted === undefined ? {} : { error: wanted })
    .trim()
    .min(1);
  return max === undefined ? filled : filled.check(atMost(max)).meta({ maxLength: max });
}

/** zod's own max() counts characters, the service UTF-16 units: an emoji is two of them. */
function atMost(maximum: number): z.core.CheckFn<string> {
  return ({ value, issues }) => {
    if (value.length <= maximum) return;
    issues.push({
      code: "too_big",
      origin: "string",
      maximum,
      inclusive: true,
      input: value,
      continue: true,
    });
  };
}

export function ruled<T extends z.ZodType<string>>(schema: T, { test, wrong, right, pattern }: Rule) {
  return schema
    .refine((value) => test(value), { error: wrong, params: { remedy: right } })
    .meta(pattern === undefined ? {} : { pattern });
}

/** A text of which the whole matches a pattern. */
export function matching(pattern: RegExp, wrong: string, right: string, max?: number) {
  return ruled(text(max), { test: (value) => pattern.test(value), wrong, right, pattern: pattern.source });
}

function parsedUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

/** A link for people: https, http or ipfs. */
export function link(max: number) {
  return ruled(text(max), {
    test: (value) => ["https:", "http:", "ipfs:"].includes(parsedUrl(value)?.protocol ?? ""),
    wrong: "is not a link",
    right: "write it in full, for example https://example.com/brief.pdf",
    pattern: "^(https?|ipfs)://",
  });
}

/** The base URL of a service: the network asks `<url>/availability`, so nothing may follow the path. */
export function serviceUrl(max: number) {
  return ruled(text(max), {
    test: (value) => {
      const url = parsedUrl(value);
      return (
        url !== undefined &&
        /^https?:$/.test(url.protocol) &&
        !/[?#]/.test(value) &&
        !url.username &&
        !url.password
      );
    },
    wrong: "is not the base URL of a service",
    right: "expected something like https://agents.example.com/research, without query, fragment or password",
    pattern: "^https?://[^?#@]+$",
  });
}
