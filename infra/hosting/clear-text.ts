import { isLoopback } from "../../providers/common/loopback.ts";

/** Where a stack's settings send keys, jobs and results; all but {@link NEVER_EXCEPTED} may be excepted. */
export interface Addresses {
  readonly paymentServiceUrl?: string | undefined;
  readonly registryServiceUrl?: string | undefined;
  readonly modelApi?: string | undefined;
  readonly "docker.url": string;
  readonly "documents.endpoint"?: string | undefined;
  readonly "ledger.endpoint"?: string | undefined;
  readonly "traces.endpoint"?: string | undefined;
}

/** The services of the Masumi network: their keys go nowhere unencrypted. */
const NEVER_EXCEPTED: readonly string[] = ["paymentServiceUrl", "registryServiceUrl"];

/** Hosts outside this machine to which masumi:allowClearText allows unencrypted connections. */
type Excepted = readonly string[];

/** Returns what a stack's settings would send in clear text, each with its remedy. Loopback addresses never leave the machine. */
export function clearTextProblems(addresses: Addresses, excepted: Excepted): string[] {
  return Object.entries(addresses).flatMap(([name, text]: [string, string | undefined]) => {
    if (text === undefined || !text.startsWith("http:")) return [];
    // Each agent's own URL is made of this one.
    const host = hostOf(text.replaceAll("{port}", "80").replaceAll("{id}", "id"));
    if (host === undefined || isLoopback(host)) return [];
    const isExcepted = !NEVER_EXCEPTED.includes(name) && excepted.includes(host);
    return isExcepted
      ? []
      : [`masumi:${name} is unencrypted (http:), and ${host} is another machine: ${use(name, host)}`];
  });
}

const use = (name: string, host: string): string =>
  NEVER_EXCEPTED.includes(name) ? "use https:" : `use https:, or ${exception(host)}`;

const exception = (host: string): string =>
  `except it, off Mainnet, with npx masumi-agents config set masumi:allowClearText '["${host}"]'`;

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).hostname : undefined);

/** Parameters by which libpq connects elsewhere than the URL's host says. */
const ELSEWHERE = ["host", "hostaddr", "service"] as const;

/**
 * Returns why a database's URL may not be used: passwords and customers' jobs go there, so it must name a server whose certificate
 * is checked.
 *
 * @param ca the setting that takes the certificates of a private authority
 */
export function databaseProblem(
  name: string,
  text: string,
  excepted: Excepted,
  ca = "masumi:databaseCa",
): string | undefined {
  // URL keeps the host of an unknown scheme as it is written.
  const url = URL.canParse(text) ? new URL(text.replace(/^postgres(ql)?:/, "http:")) : undefined;
  if (!url?.hostname)
    return `masumi:${name} must name one host, as in postgresql://crews:…@db.example.com/crews`;
  const { hostname, searchParams: given } = url;
  const elsewhere = ELSEWHERE.find((parameter) => given.has(parameter));
  if (elsewhere) return `masumi:${name}: name the host in the URL itself, without the parameter ${elsewhere}`;
  const certificate = given.get("sslrootcert") ?? "system";
  if (certificate !== "system") {
    return `masumi:${name}: containers do not have the file of sslrootcert: remove it, and set ${ca} to its text`;
  }
  if (isLoopback(hostname) || excepted.includes(hostname)) return undefined;
  const modes = given.getAll("sslmode");
  if (modes.length === 1 && modes[0] === "verify-full") return undefined;
  return (
    `masumi:${name} does not check whom it connects to: add ?sslmode=verify-full (with a certificate of a private authority, ` +
    `as Amazon RDS has, also set ${ca}), or ${exception(hostname)}`
  );
}
