import { type AddressInfo, createServer } from "node:net";

/** A port of 127.0.0.1 that nothing listens on now, for programs that want to be told one. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, "127.0.0.1", listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}
