import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type AddressInfo, type Socket, connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { repository } from "../helpers/project.ts";
import type { Reachable } from "../image/host.ts";

/** A certificate that is its own authority. */
export interface Certificate {
  readonly keyFile: string;
  readonly file: string;
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A browser finds names below this on its own machine, so that agents can be opened there, at the proxy's port. */
export const BROWSER_DOMAIN = "agents.localhost";

const DAY_SECONDS = 86_400;

/**
 * This machine's certificate for these names, as `DNS:*.example.com` or `IP:192.0.2.1`. It is kept for a month, since images that trust
 * it are built upon: another one would have them all built anew.
 */
export function certificateFor(names: readonly string[]): Certificate {
  const folder = join(repository, ".masumi/cloud/tls");
  mkdirSync(folder, { recursive: true });
  const digest = createHash("sha256").update(names.join()).digest("hex").slice(0, 16);
  const [keyFile, file] = [join(folder, `${digest}.key`), join(folder, `${digest}.pem`)];
  const lasts = () =>
    spawnSync("openssl", ["x509", "-checkend", String(DAY_SECONDS), "-in", file]).status === 0;
  if (!existsSync(file) || !lasts()) {
    const made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 31".split(" ");
    const whose = ["-subj", "/CN=Tests of Masumi agents", "-addext", `subjectAltName=${names.join()}`];
    execFileSync("openssl", [...made, ...whose, "-keyout", keyFile, "-out", file], { stdio: "pipe" });
  }
  return { keyFile, file, key: readFileSync(keyFile), cert: readFileSync(file) };
}

/** Serves by TLS, at an address of this machine, what is served in the clear on loopback. */
export async function forwardByTls({ key, cert }: Certificate, address: string, to: URL): Promise<Reachable> {
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (from) => {
    const onward = connect(Number(to.port), to.hostname);
    from.pipe(onward).pipe(from);
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      sockets.add(socket);
      socket.once("error", () => other.destroy());
      socket.once("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, address);
  await once(server, "listening");
  return {
    url: `https://${address}:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
