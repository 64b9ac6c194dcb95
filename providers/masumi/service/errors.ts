import { ERROR_CODES, type ErrorCode, type Kind } from "./error-codes.ts";

export { ERROR_CODES, type ErrorCode };

/*
 * MasumiError              everything this provider throws deliberately
 *   ServiceError           no usable answer; `unclear` says whether the request may have had an effect
 *   RefusedError           the service answered and said no (3xx, 4xx): nothing was changed
 *   RegistrationError      an agent's registration cannot continue: probe, ownership, state, limits, waiting
 *   SettingsError          the stack's configuration
 */

type CodeOf<K extends Kind> = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]["kind"] extends K ? Code : never;
}[ErrorCode];

export interface MasumiErrorDetails<Code extends string = string> {
  readonly code: Code;
  /** What happened, as a sentence, without any credential. */
  readonly what: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number | undefined;
  /** The service's own message. */
  readonly serviceMessage?: string | undefined;
}

/** An error that explains itself: `message` is `CODE: what happened. What the service said. What to do.` */
export class MasumiError extends Error {
  readonly code: string;
  readonly what: string;
  readonly remedy: string;
  readonly status: number | undefined;
  readonly serviceMessage: string | undefined;

  constructor({ code, what, remedy, status, serviceMessage }: MasumiErrorDetails) {
    const said = serviceMessage ? ` The service says: ${serviceMessage.replace(/[.\s]*$/, ".")}` : "";
    const told = `${what}${said}`;
    super(`${code}: ${told}${told.endsWith("\n") ? "" : " "}${remedy}`);
    this.name = new.target.name;
    this.code = code;
    this.what = what;
    this.remedy = remedy;
    this.status = status;
    this.serviceMessage = serviceMessage;
  }
}

type KnownDetails<K extends Kind> = Omit<MasumiErrorDetails<CodeOf<K>>, "remedy"> & {
  readonly remedy?: string | undefined;
};

const withRemedy = <K extends Kind>(details: KnownDetails<K>): MasumiErrorDetails => ({
  ...details,
  remedy: details.remedy ?? ERROR_CODES[details.code].remedy,
});

export class ServiceError extends MasumiError {
  /** Whether the request may have had an effect anyway, so check before sending anything again. */
  readonly unclear: boolean;
  /** Seconds that the service asked to wait before the next attempt. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    details: KnownDetails<"service"> & { unclear: boolean; retryAfterSeconds?: number | undefined },
  ) {
    super(withRemedy(details));
    this.unclear = details.unclear;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

export class RefusedError extends MasumiError {
  readonly retryAfterSeconds: number | undefined;

  constructor(details: KnownDetails<"refused"> & { retryAfterSeconds?: number | undefined }) {
    super(withRemedy(details));
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

export class RegistrationError extends MasumiError {
  constructor(details: KnownDetails<"registration">) {
    super(withRemedy(details));
  }
}

export class SettingsError extends MasumiError {
  constructor(details: KnownDetails<"settings">) {
    super(withRemedy(details));
  }
}

/** Replaces every occurrence of a secret of at least four characters in `text` by `***`. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 4)
    .reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
}
