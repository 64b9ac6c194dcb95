import { z } from "zod";
import { bytesOf, unkept } from "../../../providers/common/kept-text.ts";

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
export function text(max?: number, wanted?: string, checks: readonly z.core.CheckFn<string>[] = []) {
  const filled = z
    .string(wanted === undefined ? {} : { error: wanted })
    .trim()
    .min(1);
  return max === undefined ? filled : filled.check(atMost(max), ...checks).meta({ maxLength: max });
}

/** How a text that goes on the chain differs from any other. */
interface ChainText {
  /** Whether it may have several lines. */
  readonly lines?: boolean;
  /** What it may have at most in bytes of UTF-8; any number if absent. */
  readonly bytes?: number;
}

/** Returns the schema of text that goes on the chain: without control characters, and unless `lines` on one line. */
export const chainText = (max: number, { lines = false, bytes }: ChainText = {}) =>
  text(max, undefined, [withoutControls(lines), ...(bytes === undefined ? [] : [atMostBytes(bytes, max)])]);

/** Nothing else is said of such a text. */
const complain = (input: string, message: string, remedy: string) =>
  ({ code: "custom", input, message, params: { remedy }, continue: false }) as const;

export const withoutControls =
  (lines: boolean): z.core.CheckFn<string> =>
  ({ value, issues }) => {
    const found = unkept(value, { lines });
    if (found === undefined) return;
    const remedy = found === "a line break" ? "write it on one line" : "remove it";
    issues.push(complain(value, `contains ${found}`, remedy));
  };

/** The chain counts bytes. Of a text that has too many characters already, only that is said. */
const atMostBytes =
  (maximum: number, max: number): z.core.CheckFn<string> =>
  ({ value, issues }) => {
    const bytes = bytesOf(value);
    if (bytes <= maximum || value.length > max) return;
    const wrong = `has ${bytes} bytes in UTF-8, and the chain takes at most ${maximum}`;
    issues.push(complain(value, wrong, "shorten it: a letter outside ASCII has 2 to 4 bytes"));
  };

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
  return ruled(chainText(max), {
    test: (value) => ["https:", "http:", "ipfs:"].includes(parsedUrl(value)?.protocol ?? ""),
    wrong: "is not a link",
    right: "write it in full, for example https://example.com/brief.pdf",
    pattern: "^(https?|ipfs)://",
  });
}

/** Returns the schema of a service's base URL: the network requests `<url>/availability`, so nothing may follow the path. */
export function serviceUrl(max: number) {
  return ruled(chainText(max), {
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
