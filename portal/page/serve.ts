import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import type { Context, Hono } from "hono";
import { compress } from "hono/compress";
import { secureHeaders } from "hono/secure-headers";
import { PAGE_FOLDER } from "./build.ts";

export interface PageOptions {
  /** The built page. @default portal/page/dist */
  readonly folder?: string;
  /** Origins that the page talks to beside its own: those of the OpenID issuer. */
  readonly connect?: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The builder puts a hash of the content into these files' names. */
const FOR_GOOD = "public, max-age=31536000, immutable";
/** May be kept, but only used if the server says that it is still right. */
const ASK_FIRST = "no-cache";

/** Whether somebody opens an address in a browser, rather than a program asking for data; there is no data at the root. */
const wantsPage = ({ req }: Context): boolean =>
  req.path === "/" || (req.header("Accept") ?? "").includes("text/html");

/** Returns a file of the folder, and nothing outside of it; undefined if there is none. */
async function fileAt(folder: string, path: string): Promise<string | undefined> {
  const file = join(folder, normalize(`/${path}`));
  if (!(extname(file) in TYPES)) return undefined;
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? file : undefined;
}

/**
 * Serves the built page: its files, and `index.html` at every other address that somebody opens in a browser, since the page has
 * addresses of its own. To be added after the API's routes, which come first.
 */
export function servePage(app: Hono, { folder = PAGE_FOLDER, connect = [] }: PageOptions = {}): void {
  const headers = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'", ...connect],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
    xFrameOptions: "DENY",
    referrerPolicy: "no-referrer",
    // Whether the portal is reached by TLS is a matter of what stands before it.
    strictTransportSecurity: false,
  });

  async function answer(context: Context, file: string): Promise<Response> {
    const { mtimeMs, size } = await stat(file);
    const isHashed = context.req.path.startsWith("/assets/");
    const tag = `W/"${Math.round(mtimeMs).toString(36)}-${size.toString(36)}"`;
    context.header("Cache-Control", isHashed ? FOR_GOOD : ASK_FIRST);
    context.header("ETag", tag);
    if (context.req.header("If-None-Match") === tag) return context.body(null, 304);
    context.header("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    return context.body(await readFile(file));
  }

  app.get("*", compress(), headers, async (context, next) => {
    const file = await fileAt(folder, context.req.path);
    if (file !== undefined) return answer(context, file);
    if (wantsPage(context)) return answer(context, join(folder, "index.html"));
    return next();
  });
}
