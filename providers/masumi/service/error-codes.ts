/* Every error code of this provider, its cause and its remedy. docs/errors.md has an entry for each. */

export type Kind = "service" | "refused" | "registration" | "settings";

interface CodeEntry {
  readonly kind: Kind;
  readonly cause: string;
  /** What to do, unless the code that throws the error gives a more specific remedy. */
  readonly remedy: string;
}

/** Codes are stable: scripts may test for them. */
export const ERROR_CODES = {
  SERVICE_UNREACHABLE: {
    kind: "service",
    cause:
      "Nothing answers at the payment service's address, its name does not resolve, or its certificate is not trusted. The request was not sent.",
    remedy: "Check masumi:paymentServiceUrl, and that the payment service is running.",
  },
  SERVICE_TIMEOUT: {
    kind: "service",
    cause: "The payment service accepted the connection but did not answer in time.",
    remedy: "Check the payment service's load and log, then run again.",
  },
  ANSWER_LOST: {
    kind: "service",
    cause: "The connection was lost before the payment service's answer was complete.",
    remedy: "Run again. If it happens repeatedly, check the proxies between here and the payment service.",
  },
  ANSWER_TOO_LARGE: {
    kind: "service",
    cause: "An answer from the payment service is larger than 5 MB.",
    remedy: "Check that masumi:paymentServiceUrl is the API of a Masumi payment service.",
  },
  ANSWER_NOT_JSON: {
    kind: "service",
    cause: "The answer is not JSON; often it is a page from a proxy or another program.",
    remedy:
      "Check that masumi:paymentServiceUrl is the API of a Masumi payment service (it ends in /api/v1).",
  },
  ANSWER_UNEXPECTED: {
    kind: "service",
    cause:
      "The answer is JSON, but not in a format that any known version of the Masumi payment service uses.",
    remedy: "Check masumi:paymentServiceUrl and the payment service's version.",
  },
  ENTRY_NOT_UNDERSTOOD: {
    kind: "registration",
    cause:
      "A registration of this stack is shown by the payment service in a way that this version cannot understand: its type is not known, or a newer release shows it otherwise. Nothing was sent for it.",
    remedy:
      "Update masumi-agents. If the registration was made elsewhere as a type of agent that no file can declare, deregister it in the payment service and run again.",
  },
  SERVICE_FAILED: {
    kind: "service",
    cause: "The payment service answered with an internal error (5xx).",
    remedy: "Check the payment service's log and its connection to the chain (Blockfrost), then run again.",
  },
  LIST_UNSTABLE: {
    kind: "service",
    cause:
      "The list of registrations kept changing while it was being read, or lacks some that the payment service itself counts, so it is incomplete.",
    remedy:
      "Run again when nothing is deleting registrations in the payment service. If it persists, the service's administrator has to find out what its list lacks.",
  },
  KEY_REFUSED: {
    kind: "refused",
    cause:
      "The payment service rejects the API key for this request (401): the key is unknown, revoked, lacks the permission, or is for another network.",
    remedy:
      "Check masumi:apiKey or MASUMI_API_KEY: registering needs a ReadAndPay key for the stack's network.",
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
      "The payment service cannot find what the request refers to (404): a selling wallet, a route, or the agent's token on the chain.",
    remedy:
      "Check masumi:wallets and masumi:network: the wallet must be a selling wallet of this service on this network.",
  },
  WRONG_STATE: {
    kind: "refused",
    cause: "The registration's state does not allow the request (409).",
    remedy: "Run again when the registration is in a final state.",
  },
  RATE_LIMITED: {
    kind: "refused",
    cause: "The payment service, or a proxy in front of it, limits the number of requests (429).",
    remedy: "Run again later.",
  },
  REQUEST_REFUSED: {
    kind: "refused",
    cause: "The payment service rejected the request's content (another 3xx or 4xx).",
    remedy: "Correct what the service complains about.",
  },
  AGENT_NOT_ANSWERING: {
    kind: "registration",
    cause: "The agent's URL does not answer as the network's registry expects; no ADA was spent.",
    remedy:
      "Make GET <url>/availability answer 200 with JSON whose type is masumi-agent; if the agent's file has a listing, the document that it names must be as the registry wants it. Then run again.",
  },
  AGENT_ADDRESS_PRIVATE: {
    kind: "registration",
    cause: "The agent's URL resolves to a private address, which the network cannot reach; no ADA was spent.",
    remedy: "Give the agent a public URL.",
  },
  FOREIGN_REGISTRATION: {
    kind: "registration",
    cause:
      "The agent's URL is already registered on the same wallet, without our marker. Registering it again would cost a second fee.",
    remedy: "Take the registration over with adopt: <registration id> in the agent's YAML, or deregister it.",
  },
  OWN_REGISTRATION_DIFFERS: {
    kind: "registration",
    cause:
      "There is a registration with this agent's marker that is not in this stack's state, and its content differs.",
    remedy:
      "Take it over, on V2 with adopt: <registration id>, on V1 by declaring what it shows; or give the stack that manages it another " +
      "masumi:owner.",
  },
  ADOPT_NOT_POSSIBLE: {
    kind: "registration",
    cause: "The registration named in adopt: cannot become this agent's registration.",
    remedy: "Correct or remove adopt: in the agent's YAML.",
  },
  TEXT_TOO_LONG: {
    kind: "registration",
    cause:
      "The chain would refuse one of the agent's texts: at most 64 bytes in one piece are allowed. Tags are written in one piece; releases of the payment service up to 0.27 cut other texts by characters, of which some have up to 4 bytes. Nothing was sent.",
    remedy: "Shorten the text, write it in fewer letters outside ASCII, or use release 0.28 of the service.",
  },
  V2_NOT_SUPPORTED: {
    kind: "registration",
    cause: "The payment service is older than 0.28 and does not support V2 wallets.",
    remedy: "Use a V1 wallet or a newer payment service.",
  },
  LISTING_NOT_SUPPORTED: {
    kind: "registration",
    cause:
      "The payment service's release is not known to have entries of this type (it is older, or its list of routes, /api-docs, cannot be read here). It would register another agent than was declared. Nothing was sent.",
    remedy:
      "Have the payment service updated, let its /api-docs be read, or remove listing: from the agent's file.",
  },
  INTENT_NOT_WRITABLE: {
    kind: "registration",
    cause:
      "The note that is written to .masumi/intents before a registration is requested could not be written. Nothing was sent, and no ADA was spent.",
    remedy: "Run inside the project, and make its .masumi/intents writable.",
  },
  REGISTRATION_UNCLEAR: {
    kind: "registration",
    cause:
      "The answer to a registration request was lost, and no such registration appeared within masumi:settleSeconds.",
    remedy:
      "Run again: the next run looks for the registration, and takes it over as soon as the payment service lists it. Nothing is sent twice.",
  },
  REGISTRATION_UNSETTLED: {
    kind: "registration",
    cause:
      "An earlier run on this machine requested the registration and never learned what became of it, so another request might pay for it twice.",
    remedy:
      "Run again later. If it certainly does not exist and never will, set MASUMI_FORGET_REGISTRATION=<agent id>.",
  },
  REGISTRY_INCONSISTENT: {
    kind: "registration",
    cause:
      "What the payment service lists contradicts the chain, its own count, or what is known about a registration.",
    remedy:
      "Have the payment service's administrator find out why. If nothing of it is on the chain, set MASUMI_FORGET_REGISTRATION=<agent id>.",
  },
  UPDATE_UNCLEAR: {
    kind: "registration",
    cause:
      "The answer to an update was lost, and the registration did not change within masumi:settleSeconds.",
    remedy: "Run again: the next run checks the registration before it sends another update.",
  },
  DEREGISTRATION_UNCLEAR: {
    kind: "registration",
    cause: "The payment service did not accept a deregistration, and its answers do not say why.",
    remedy: "Check the payment service's log and its connection to the chain, then run again.",
  },
  REGISTRATION_FAILED: {
    kind: "registration",
    cause: "The registration ended in the state RegistrationFailed: nothing was minted.",
    remedy: "Fix the problem the service reports, then run up: it registers the agent again.",
  },
  UPDATE_FAILED: {
    kind: "registration",
    cause: "The update ended in the state UpdateFailed: the chain still has the old content.",
    remedy: "Fix the problem the service reports, then run up: it sends the update again.",
  },
  DEREGISTRATION_FAILED: {
    kind: "registration",
    cause: "The deregistration ended in the state DeregistrationFailed: the agent is still on the chain.",
    remedy: "Fix the problem the service reports, then run again: the agent is deregistered again.",
  },
  REGISTRATION_GONE: {
    kind: "registration",
    cause: "The agent was deregistered, but not by this stack.",
    remedy:
      "Find out who deregistered it. If that was intended, remove the agent's file. Otherwise refresh checks what is on the chain before the state forgets the registration.",
  },
  REGISTRATION_LEAVING: {
    kind: "registration",
    cause: "The registration is being deregistered by someone else.",
    remedy:
      "Find out who deregisters it. If that is intended, remove the agent's file; otherwise run again when it is gone.",
  },
  OPEN_PAYMENTS: {
    kind: "registration",
    cause:
      "Buyers have paid the agent for work that it still owes, or may still pay, so it stays registered.",
    remedy:
      "Wait until these payments are settled and run again; MASUMI_FORCE_DEREGISTER=1 deregisters the agent anyway.",
  },
  OPEN_PAYMENTS_UNKNOWN: {
    kind: "registration",
    cause: "This API key cannot see the agent's payments, so open payments cannot be ruled out.",
    remedy:
      "Use a key that can read payments, or check them yourself and run with MASUMI_FORCE_DEREGISTER=1.",
  },
  TOKEN_HELD_ELSEWHERE: {
    kind: "registration",
    cause:
      "The agent's token is not in a wallet that the payment service manages, so the service cannot burn it.",
    remedy: "Send the token back to the selling wallet, or remove the resource from the state.",
  },
  SPENDING_LIMIT: {
    kind: "registration",
    cause:
      "The run would take more ADA from the selling wallets (fees, and what new tokens lock) than masumi:maxAda allows.",
    remedy:
      "If the plan is what you want, raise masumi:maxAda (npx masumi-agents plan shows what it takes); otherwise correct the declarations.",
  },
  MAINNET_NOT_CONFIRMED: {
    kind: "registration",
    cause:
      "The request would spend real ADA, and the stack does not say that it may, or how much. Nothing was sent.",
    remedy: "If the stack is meant to be on Mainnet, set masumi:confirmMainnet and masumi:maxAda.",
  },
  AGENT_DECLARED_TWICE: {
    kind: "registration",
    cause:
      "Two resources of the program declare the same agent: owner, id and network are the same. Each would register it. Nothing was sent for the second one.",
    remedy: "Remove one of them, or give one another agent id.",
  },
  LEDGER_NOT_WRITABLE: {
    kind: "registration",
    cause:
      "The line that is written to .masumi/ledger.jsonl before a request that costs could not be written. On Mainnet nothing is sent without it.",
    remedy: "Make .masumi/ledger.jsonl in the project's folder writable, and see that the disk is not full.",
  },
  DEREGISTRATION_LIMIT: {
    kind: "registration",
    cause:
      "The run would burn more registrations than it may without explicit permission: 3 on Preprod, none on Mainnet.",
    remedy:
      "Name the agent in masumi:allowDeregister; a destroy on Mainnet needs MASUMI_ALLOW_DEREGISTER=<ids>|all.",
  },
  MASUMI_STILL_PENDING: {
    kind: "registration",
    cause: "The chain did not confirm the change within masumi:waitMinutes.",
    remedy: "Run again: it resumes waiting, nothing is sent twice. Raise masumi:waitMinutes for long queues.",
  },
  RUN_ENDED: {
    kind: "registration",
    cause:
      "The run that requested this was interrupted, or its engine is gone, so nothing more is sent and nothing more waited for.",
    remedy: "Run again.",
  },
  SETTING_MISSING: {
    kind: "settings",
    cause: "A setting that is needed to reach the payment service is missing.",
    remedy: "Set it with npx masumi-agents config set; the API key can also be set in MASUMI_API_KEY.",
  },
  SETTING_INVALID: {
    kind: "settings",
    cause: "A setting of the stack has an invalid value.",
    remedy: "Correct it in Pulumi.<stack>.yaml.",
  },
  ADMIN_KEY_REFUSED: {
    kind: "settings",
    cause:
      "A key of a stack on Mainnet is an admin key of the payment service, which can empty every wallet.",
    remedy:
      "Use a ReadAndPay key limited to the selling wallets (docs/operations.md, Keys), and revoke this one if a crew had it.",
  },
  INSECURE_URL: {
    kind: "settings",
    cause: "The API key would be sent unencrypted: plain http is allowed only for this machine.",
    remedy: "Use an https URL in masumi:paymentServiceUrl.",
  },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
