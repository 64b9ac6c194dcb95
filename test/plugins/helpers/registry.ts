import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry of images on loopback, as far as an engine asks one when it pushes; it wants a user's name and password. */
export interface Registry {
  /** `127.0.0.1:port`: what images in it begin with. */
  readonly host: string;
  /** Digests of what was pushed, by `repository:tag`. */
  readonly manifests: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export async function startRegistry(user: string, password: string): Promise<Registry> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const manifests = new Map<string, string>();
  /** Sizes of blobs by digest. */
  const blobs = new Map<string, number>();
  const uploads = new Map<string, Buffer[]>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks = (await request.toArray()) as Buffer[];
    const url = new URL(request.url ?? "", "http://registry");
    const end = (status: number, headers: Record<string, string> = {}) =>
      void response.writeHead(status, headers).end();
    if (request.headers.authorization !== authorization)
      return end(401, { "www-authenticate": 'Basic realm="registry"' });
    const [, name = "", kind, rest = ""] = /^\/v2\/(.+?)\/(blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === undefined) return end(200);
    const digest = url.searchParams.get("digest");
    if (kind === "manifests") {
      if (request.method !== "PUT") return end(404);
      const pushed = digestOf(Buffer.concat(chunks));
      manifests.set(`${name}:${rest}`, pushed);
      return end(201, { "docker-content-digest": pushed });
    }
    if (request.method === "HEAD" || request.method === "GET") {
      const size = blobs.get(rest);
      return size === undefined ? end(404) : end(200, { "content-length": String(size) });
    }
    if (request.method === "POST") {
      const upload = randomUUID();
      uploads.set(upload, []);
      return end(202, { location: `/v2/${name}/blobs/uploads/${upload}` });
    }
    const upload = rest.replace("uploads/", "");
    uploads.get(upload)?.push(...chunks);
    const content = Buffer.concat(uploads.get(upload) ?? []);
    if (request.method === "PATCH")
      return end(202, { location: url.pathname, range: `0-${content.byteLength - 1}` });
    if (digest === null || digestOf(content) !== digest) return end(400);
    blobs.set(digest, content.byteLength);
    return end(201, { "docker-content-digest": digest });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
