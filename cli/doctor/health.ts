import axios, { isAxiosError } from "../../providers/common/axios.ts";
import { isLoopbackUrl } from "../../providers/common/loopback.ts";
import { redirectText } from "../../providers/common/redirect.ts";
import { type Verdict, fail, ok, skip, warn } from "./finding.ts";

const ANSWERS_WITHIN_MS = 10_000;
/** Time-outs and deadlines of payments bear this much. */
const CLOCK_MAY_DIFFER_SECONDS = 30;

export interface Health {
  readonly service: Verdict;
  readonly clock: Verdict;
}

/** Asks the payment service whether it is there, without a key, and what time it has. `url` ends in /api/v1. */
export async function askHealth(url: string): Promise<Health> {
  const askedAt = Date.now();
  try {
    const answer = await axios.get<{ status?: unknown } | undefined>(`${url.replace(/\/+$/, "")}/health`, {
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      maxRedirects: 0,
      maxContentLength: 65_536,
      validateStatus: () => true,
      ...(isLoopbackUrl(url) ? { proxy: false as const } : {}),
    });
    const tookMs = Date.now() - askedAt;
    if (answer.status !== 200 || answer.data?.status !== "success") {
      return {
        service: fail(
          `${url}/health answers HTTP ${answer.status}${redirectText(answer.status, answer.headers["location"])}, not as a Masumi payment service does`,
          "check masumi:paymentServiceUrl: it ends in /api/v1",
        ),
        clock: skip("the payment service does not answer"),
      };
    }
    const serverTime = Date.parse(String(answer.headers["date"]));
    return {
      service: ok(`${url} answers (${tookMs} ms)`),
      clock: judgeClock(serverTime, askedAt + tookMs / 2),
    };
  } catch (error) {
    if (!isAxiosError(error)) throw error;
    const reason = error.code === "ERR_CANCELED" ? `within ${ANSWERS_WITHIN_MS / 1000} s` : `(${error.code})`;
    return {
      service: fail(
        `nothing usable answers at ${url} ${reason}`,
        "check masumi:paymentServiceUrl and that the payment service runs",
      ),
      clock: skip("the payment service does not answer"),
    };
  }
}

/** Times in Unix milliseconds; NaN: the service did not tell. The header has whole seconds. */
export function judgeClock(serverTime: number, here: number): Verdict {
  if (Number.isNaN(serverTime)) return skip("the payment service does not send its time");
  const seconds = Math.round((serverTime + 500 - here) / 1000);
  if (seconds === 0) return ok("the payment service's clock agrees with this machine's");
  const said = `the payment service's clock is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(seconds) <= CLOCK_MAY_DIFFER_SECONDS) return ok(said);
  return warn(said, "set both by NTP: payment deadlines depend on it");
}
