// Loaded into processes of the tests by NODE_OPTIONS. Stands in for the DNS of the agents' domain: its names lead to the TLS proxy on
// this machine, at a port that needs no rights. Who is asked for, and whose certificate is wanted, stays as it was.
import { Socket } from "node:net";

const domain = process.env["MASUMI_TEST_DOMAIN"] ?? "";
const port = Number(process.env["MASUMI_TEST_DOMAIN_PORT"]);

/** @type {(...args: any[]) => Socket} */
const connect = Reflect.get(Socket.prototype, "connect");

/**
 * @this {Socket}
 * @param {any[]} args
 * @returns {Socket}
 */
function connectByName(...args) {
  // Node hands on what it was given as [options, callback].
  const [first] = args;
  const options = Array.isArray(first) ? first[0] : first;
  const isOurs = options?.host?.endsWith?.(`.${domain}`) && Number(options.port) === 443;
  if (isOurs) Object.assign(options, { host: "127.0.0.1", port });
  return Reflect.apply(connect, this, args);
}

if (domain) Socket.prototype.connect = connectByName;
