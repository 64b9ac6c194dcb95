import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Emulator } from "./aws/emulator.ts";
import { BROWSER_DOMAIN, type Certificate } from "./tls.ts";

export interface TlsProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Finds the load balancer that a name's record in the emulated DNS leads to. */
async function loadBalancerOf(
  host: string,
  { clients }: Emulator,
  zoneId: string,
): Promise<string | undefined> {
  const [route53, elb] = await Promise.all([clients.route53(), clients.elb()]);
  const { ResourceRecordSets = [] } = await route53.listResourceRecordSets({ HostedZoneId: zoneId });
  const record = ResourceRecordSets.find(({ Name }) => Name?.replace(/\.$/, "") === host);
  const target = record?.AliasTarget?.DNSName?.replace(/\.$/, "");
  if (!target) return undefined;
  const { LoadBalancers = [] } = await elb.describeLoadBalancers({});
  return LoadBalancers.find(({ DNSName }) => DNSName === target)?.LoadBalancerName;
}

export interface TlsProxyOptions {
  readonly emulator: Emulator;
  readonly domain: string;
  /** The domain's hosted zone. */
  readonly zoneId: string;
  readonly certificate: Certificate;
}

/** The TLS side of the emulated load balancers, which themselves speak HTTP only: https on any name that the emulated DNS knows. */
export async function startTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const { emulator, domain, zoneId, certificate } = options;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = (incoming.headers.host ?? "").replace(/:\d+$/, "");
    const host = asked.replace(new RegExp(`\\.${BROWSER_DOMAIN}$`), `.${domain}`);
    const name = await loadBalancerOf(host, emulator, zoneId);
    if (!name) return void response.writeHead(502).end(`The DNS of the tests knows no ${host}.\n`);
    const { method, headers, url } = incoming;
    // The emulator tells a load balancer by the path, and its listener by the port in the Host header.
    const onward = request(`${emulator.url}/_alb/${name}${url}`, {
      method,
      headers: { ...headers, host: `${host}:443` },
    });
    onward.once("response", (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    onward.once("error", (error) => (response.headersSent ? response.destroy() : failed(response, error)));
    incoming.pipe(onward);
  }
  const failed = (response: ServerResponse, error: unknown) =>
    void response.writeHead(502).end(`${error instanceof Error ? error.message : String(error)}\n`);

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (incoming, response) => {
    answer(incoming, response).catch((error: unknown) => failed(response, error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
