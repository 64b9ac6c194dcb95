import { z } from "zod";

/** A rule for text beyond its length: `error` says what is wrong, `params.remedy` how to correct it. */
interface Rule {
  readonly test: (text: string) => boolean;
  readonly wrong: string;
  readonly right: string;
  /** The same rule for editors, if a pattern can express it. */
  readonly pattern?: string;
}

/**
 * Returns the schema of text that is not blank, without surrounding spaces. Lengths count UTF-16 units, as the service does.
 * `wanted` is the remedy if the value is not text.
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

/** Returns the schema of text that matches a pattern as a whole. */
export function matching(pattern: RegExp, wrong: string, right: string, max?: number) {
  return ruled(text(max), { test: (value) => pattern.test(value), wrong, right, pattern: pattern.source });
}

function parsedUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

/** Returns the schema of a link for people: https, http or ipfs. */
export function link(max: number) {
  return ruled(text(max), {
    test: (value) => ["https:", "http:", "ipfs:"].includes(parsedUrl(value)?.protocol ?? ""),
    wrong: "is not a link",
    right: "write it in full, for example https://example.com/brief.pdf",
    pattern: "^(https?|ipfs)://",
  });
}

/** Returns the schema of a service's base URL: the network requests `<url>/availability`, so nothing may follow the path. */
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

const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** As engines and registries read it: a host and its port, path components in lower case, perhaps a tag, and the digest. */
const IMAGE =
  /^([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(:\d+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?@sha256:[0-9a-f]{64}$/;

/** Returns the schema of the name of an image with its digest. */
export const imageByDigest = (max: number) =>
  ruled(
    ruled(text(max), {
      test: (value) => DIGEST.test(value),
      wrong: "does not refer to an image by its digest",
      right: "write repository@sha256:… with 64 hex digits, so it cannot change unnoticed",
    }),
    {
      test: (value) => !DIGEST.test(value) || IMAGE.test(value),
      wrong: "is not the name of an image",
      right: "write it as docker pull takes it: the repository in lower case, without https://",
      pattern: IMAGE.source,
    },
  );
