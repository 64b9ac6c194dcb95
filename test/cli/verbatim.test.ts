import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verbatim, verbatimBlock } from "../../cli/verbatim.ts";
import { asShown } from "../helpers/verbatim.ts";
import { printableLines } from "../../providers/common/printable.ts";

const shown = (html: string) => asShown(html.replace(/^<pre>\n/, "").replace(/\n<\/pre>\n$/, ""));

/** Pieces that mean something to Markdown, HTML, GitHub or a runner, beside any text. */
const PIECES = [
  "~~~~", "```", "\n", "\n\n", "# ", "</code>", "</pre>", "<!--", "-->", "<img src=x>", "@somebody", "#1", "org/repo#2", "[x](y)",
  "![x](y)", "https://evil.example", "www.evil.example", "::error::", "::stop-commands::x", "##[error]", "| ", "\\|", "- [x] ", "---",
  "&#64;", "&amp;", "\\", "\r\n", "\u2028", "\u202e", "*b*", "_i_", "~~s~~", "$x$", ":tada:", "1. ", "> ", "\t",
]; // prettier-ignore
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary" })), { maxLength: 12 })
  .map((pieces) => pieces.join(""));

/** Letters, digits, blanks and signs beyond ASCII mean nothing anywhere. */
const HARMLESS = String.raw`[^\x00-\x1f!-/:-@\[-\x60{-\x7f]`;

describe("a text of anybody's in Markdown", () => {
  it("has no sign that means anything, and is shown as it is", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const html = verbatim(text);
        expect(html).toMatch(new RegExp(`^$|^<code>(${HARMLESS}|&#\\d+;|<br>)*</code>$`, "u"));
        expect(shown(html)).toBe(printableLines(text));
      }),
    );
  });

  it("stays in its block, whatever its lines are", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const html = verbatimBlock(text);
        expect(html).toMatch(new RegExp(`^<pre>\n(${HARMLESS}|&#\\d+;|\n)*\n</pre>\n$`, "u"));
        expect(shown(html)).toBe(printableLines(text.replaceAll("\r\n", "\n").trimEnd()));
      }),
    );
  });

  it("is cut between lines, and says so", () => {
    expect(verbatimBlock("one\ntwo\nthree\n", 8)).toBe(
      "<pre>\none\ntwo\n</pre>\n\n1 more lines are in the log of the run.\n",
    );
  });
});
