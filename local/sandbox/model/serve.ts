import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Faults } from "../faults.ts";
import { RequestCounts } from "../http/request-counts.ts";
import { createSandboxServer } from "../http/server.ts";
import { modelArea } from "./model.ts";

/** The stub model alone, without a payment service. */
export interface RunningModel {
  /** Its base URL, as an OpenAI-compatible API's. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the stub model on a free port of loopback. */
export async function serveStubModel(): Promise<RunningModel> {
  const area = modelArea({ faults: new Faults(), requests: new RequestCounts() });
  const { server, close } = createSandboxServer({
    areaOf: () => area,
    guard: { allowedHosts: [], cors: false },
    now: Date.now,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/model/v1`, close };
}
