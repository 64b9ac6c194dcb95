/* What can go wrong, why, and what to do: the source of docs/errors.md and of the messages. */

export type Kind = "service" | "refused" | "registration" | "settings";

interface CodeEntry {
  readonly kind: Kind;
  readonly cause: string;
  /** What to do, unless the place that throws knows better. */
  readonly remedy: string;
}

/** Every code of this provider, for docs/errors.md and for the messages. Codes are stable: scripts may test them. */
export const ERROR_CODES = {
  SERVICE_UNREACHABLE: {
    kind: "service",
    cause:
      "Nothing answers at the payment service's address, its name does not resolve, or its certificate is not trusted. The request was not sent.",
    remedy: "Check masumi:paymentServiceUrl and that the payment service runs.",
  },
  SERVICE_TIMEOUT: {
    kind: "service",
    cause: "The payment service took a connection but did not answer in time.",
    remedy: "Look at the payment service's load and log, then run again.",
  },
  ANSWER_LOST: {
    kind: "service",
    cause: "The connection broke before the payment service's answer was complete.",
    remedy: "Run again; look at proxies between here and the payment service if it happens again.",
  },
  ANSWER_TOO_LARGE: {
    kind: "service",
    cause: "An answer of the payment service is larger than 5 MB.",
    remedy: "Check that masumi:paymentServiceUrl is the API of a Masumi payment service.",
  },
  ANSWER_NOT_JSON: {
    kind: "service",
    cause: "The answer is not JSON; often it is the page of a proxy or of another program.",
    remedy:
      "Check that masumi:paymentServiceUrl is the API of a Masumi payment service (it ends in /api/v1).",
  },
  ANSWER_UNEXPECTED: {
    kind: "service",
    cause: "The answer is JSON but not in a shape that a Masumi payment service of a known version gives.",
    remedy: "Check masumi:paymentServiceUrl and the payment service's version.",
  },
  SERVICE_FAILED: {
    kind: "service",
    cause: "The payment service answered with an internal error (5xx).",
    remedy:
      "Look at the payment service's log and at its connection to the chain (Blockfrost), then run again.",
  },
  LIST_UNSTABLE: {
    kind: "service",
    cause:
      "The list of registrations changed under our reading again and again, so it is not known to be complete.",
    remedy: "Run again when nothing deletes rows of the payment service.",
  },
  KEY_REFUSED: {
    kind: "refused",
    cause:
      "The payment service refuses the API key for this request (401): unknown or revoked, without the right, or not for this network.",
    remedy:
      "Check masumi:apiKey or MASUMI_API_KEY: registering takes a ReadAndPay key of the stack's network.",
  },
  OTHER_KEYS_ROW: {
    kind: "refused",
    cause:
      "The registration was made with another API key (403); only that key or an admin key may change it.",
    remedy: "Run with the key that registered the agent, or have an administrator deregister it.",
  },
  NOT_FOUND: {
    kind: "refused",
    cause:
      "The payment service does not know what the request names (404): a selling wallet, a route, or the agent's token on the chain.",
    remedy:
      "Check masumi:wallets and masumi:network: the wallet must be a selling wallet of this service on this network.",
  },
  WRONG_STATE: {
    kind: "refused",
    cause: "The registration's state does not allow the request (409).",
    remedy: "Run again when the registration has settled.",
  },
  RATE_LIMITED: {
    kind: "refused",
    cause: "The payment service, or a proxy before it, wants fewer requests (429).",
    remedy: "Run again later.",
  },
  REQUEST_REFUSED: {
    kind: "refused",
    cause: "The payment service refused the request's content (another 3xx or 4xx).",
    remedy: "Correct what the service names.",
  },
  AGENT_NOT_ANSWERING: {
    kind: "registration",
    cause: "The agent's URL does not answer as the network's registry expects; no ADA was spent.",
    remedy: "Make GET <url>/availability answer 200 with JSON that has type masumi-agent, then run again.",
  },
  AGENT_ADDRESS_PRIVATE: {
    kind: "registration",
    cause: "The agent's URL leads to a private address, where the network cannot reach it; no ADA was spent.",
    remedy: "Give the agent a public URL.",
  },
  FOREIGN_REGISTRATION: {
    kind: "registration",
    cause:
      "The agent's URL is already registered on the same wallet, without our marker. Registering it again would cost a second fee.",
    remedy: "Take the row over with adopt: <row id> in the agent's YAML, or deregister it.",
  },
  OWN_REGISTRATION_DIFFERS: {
    kind: "registration",
    cause:
      "A registration with this agent's marker exists that this stack does not keep, and its content differs.",
    remedy: "Take it over with adopt: <row id>, or give the stack that keeps it another masumi:owner.",
  },
  ADOPT_NOT_POSSIBLE: {
    kind: "registration",
    cause: "The row named by adopt: cannot become this agent's registration.",
    remedy: "Correct or remove adopt: in the agent's YAML.",
  },
  V2_NOT_SUPPORTED: {
    kind: "registration",
    cause: "The payment service is older than 0.28 and has no V2 wallets.",
    remedy: "Use a V1 wallet, or a newer payment service.",
  },
  INTENT_NOT_WRITABLE: {
    kind: "registration",
    cause:
      "Before a registration is requested, a note of it is written below the project's .masumi folder; that failed. Nothing was sent, no ADA was spent.",
    remedy: "Run inside the project, and make its folder .masumi/intents writable.",
  },
  REGISTRATION_UNCLEAR: {
    kind: "registration",
    cause: "The answer to a registration was lost and no row of it appeared within masumi:settleSeconds.",
    remedy: "Run again: the next run looks for the row before it registers.",
  },
  UPDATE_UNCLEAR: {
    kind: "registration",
    cause: "The answer to an update was lost and the row did not change within masumi:settleSeconds.",
    remedy: "Run again: the next run looks at the row before it updates.",
  },
  DEREGISTRATION_UNCLEAR: {
    kind: "registration",
    cause: "The payment service did not take a deregistration, and its answers do not say why.",
    remedy: "Look at the payment service's log and its connection to the chain, then run again.",
  },
  REGISTRATION_FAILED: {
    kind: "registration",
    cause: "The registration ended as RegistrationFailed: nothing was minted.",
    remedy: "Mend what the service names; the next up registers the agent anew.",
  },
  UPDATE_FAILED: {
    kind: "registration",
    cause: "The update ended as UpdateFailed: the chain still has the old content.",
    remedy: "Mend what the service names; the next up sends the update again.",
  },
  DEREGISTRATION_FAILED: {
    kind: "registration",
    cause: "The deregistration ended as DeregistrationFailed: the agent is still on the chain.",
    remedy: "Mend what the service names; the next run deregisters again.",
  },
  REGISTRATION_GONE: {
    kind: "registration",
    cause: "The payment service no longer has the registration, or it was deregistered.",
    remedy: "Run refresh, then up: the agent is registered anew.",
  },
  REGISTRATION_LEAVING: {
    kind: "registration",
    cause: "The registration is being deregistered by someone else.",
    remedy: "Wait until it is gone, then run up: the agent is registered anew.",
  },
  OPEN_PAYMENTS: {
    kind: "registration",
    cause:
      "Buyers have paid the agent for work that it still owes, or may still pay: it is not deregistered under them.",
    remedy:
      "Wait until the agent has drained and run again; MASUMI_FORCE_DEREGISTER=1 deregisters it all the same.",
  },
  OPEN_PAYMENTS_UNKNOWN: {
    kind: "registration",
    cause:
      "The payment service does not tell this API key which payments the agent has, so open ones cannot be ruled out.",
    remedy:
      "Use a key that may read payments, or look at them yourself and run with MASUMI_FORCE_DEREGISTER=1.",
  },
  TOKEN_HELD_ELSEWHERE: {
    kind: "registration",
    cause: "The agent's token is not in a wallet that the payment service manages, so it cannot burn it.",
    remedy: "Send the token back to the selling wallet, or remove the resource from the state.",
  },
  DEREGISTRATION_LIMIT: {
    kind: "registration",
    cause: "More registrations would be burned than a run may burn unasked: 3 on Preprod, none on Mainnet.",
    remedy:
      "Name the agent in masumi:allowDeregister; a destroy on Mainnet wants MASUMI_ALLOW_DEREGISTER=<ids>|all.",
  },
  MASUMI_STILL_PENDING: {
    kind: "registration",
    cause: "The chain has not confirmed within masumi:waitMinutes.",
    remedy: "Run again: it simply waits on. Raise masumi:waitMinutes for long queues.",
  },
  RUN_ENDED: {
    kind: "registration",
    cause: "The run that asked for this has ended (its engine is gone), so nothing more is sent.",
    remedy: "Run again.",
  },
  SETTING_MISSING: {
    kind: "settings",
    cause: "A setting without which the payment service cannot be reached is missing.",
    remedy: "Set it with pulumi config set, or the API key in MASUMI_API_KEY.",
  },
  SETTING_INVALID: {
    kind: "settings",
    cause: "A setting of the stack has a value that cannot be used.",
    remedy: "Correct it in Pulumi.<stack>.yaml.",
  },
  INSECURE_URL: {
    kind: "settings",
    cause: "The API key would travel in the clear: plain http is for this machine only.",
    remedy: "Use an https URL in masumi:paymentServiceUrl.",
  },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
