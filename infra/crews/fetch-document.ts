import { createHash } from "node:crypto";
import { type LookupAddress, lookup } from "node:dns";
import { Agent as HttpsAgent } from "node:https";
import { type LookupFunction, isIP } from "node:net";
import axios, { HttpAgent } from "../../providers/common/axios.ts";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { isPublicAddress } from "../../providers/common/public-address.ts";

/** Where a document may be fetched from. */
export interface Reach {
  readonly protocol: "https:" | "http:";
  readonly isAllowed: (address: string) => boolean;
}

export interface WantedDocument {
  readonly url: string;
  /** Hexadecimal digest of what it must be. */
  readonly sha256: string;
  readonly maxBytes: number;
}

const PUBLIC_HTTPS: Reach = { protocol: "https:", isAllowed: isPublicAddress };
const TIMEOUT_MS = 300_000;
const MAX_REDIRECTS = 3;

/**
 * Fetches a document from the public network, never from this machine or its private networks, wherever a name or a
 * redirect leads.
 *
 * @throws Error whose message completes a sentence that begins with the link
 */
export async function fetchDocument(
  { url, sha256, maxBytes }: WantedDocument,
  reach: Reach = PUBLIC_HTTPS,
): Promise<Buffer> {
  const check = (protocol: string | null | undefined, hostname: string | null | undefined) => {
    if (protocol !== reach.protocol)
      throw new Error(`leads to ${protocol ?? "nothing"}// instead of https://`);
    const literal = hostname?.replace(/^\[|\]$/g, "") ?? "";
    if (isIP(literal) !== 0 && !reach.isAllowed(literal)) throw privateAddress(literal);
  };
  const { protocol, hostname } = new URL(url);
  check(protocol, hostname);
  const options = { lookup: lookupAllowed(reach) };
  const answer = await axios
    .get<Buffer>(url, {
      responseType: "arraybuffer",
      maxRedirects: MAX_REDIRECTS,
      beforeRedirect: (next: { protocol?: string; hostname?: string }) => check(next.protocol, next.hostname),
      maxContentLength: maxBytes,
      validateStatus: () => true,
      proxy: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      httpAgent: new HttpAgent(options),
      httpsAgent: new HttpsAgent(options),
    })
    .catch((error: unknown) => {
      throw new Error(reasonOf(error, maxBytes), { cause: error });
    });
  if (answer.status !== 200) throw new Error(`answers with status ${answer.status}`);
  const content = Buffer.from(answer.data);
  const found = createHash("sha256").update(content).digest("hex");
  if (found !== sha256) {
    throw new Error(
      `leads to different content than declared: its digest is ${found} (${content.byteLength} bytes)`,
    );
  }
  return content;
}

const privateAddress = (address: string) => new Error(`leads to ${address}, which is not a public address`);

/** Resolves names itself, so the address that was checked is the address that is used. */
const lookupAllowed =
  ({ isAllowed }: Reach): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const refused = addresses?.find(({ address }) => !isAllowed(address));
      const [first] = addresses ?? [];
      if (error || !first) callback(error ?? new Error("no address"), "", 0);
      else if (refused) callback(privateAddress(refused.address), "", 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

/** Returns our own message, which the HTTP library may have wrapped, or describes what happened. */
function reasonOf(error: unknown, maxBytes: number): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.startsWith("leads to ")) return cause.message;
  }
  const { code, message = "" } = error as { code?: string; message?: string };
  if (/maxContentLength/.test(message)) return `is larger than ${maxBytes / 1024 / 1024} MiB`;
  if (/redirects? exceeded/i.test(message)) return `is redirected more than ${MAX_REDIRECTS} times`;
  if (code === "ERR_CANCELED") return `was not received within ${TIMEOUT_MS / 1000} s`;
  return `cannot be reached (${code ?? "unknown reason"})`;
}

/** `node fetch-document.ts <wanted as JSON> <target>`: a separate program, because its caller has to wait synchronously. */
if (process.argv[1] === import.meta.filename) {
  const [, , wanted = "", target = ""] = process.argv;
  try {
    const content = await fetchDocument(JSON.parse(wanted) as WantedDocument);
    writeAtomicallySync(target, content);
  } catch (error) {
    process.stderr.write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
