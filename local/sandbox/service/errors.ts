/** An answer of the service that is not 200: the message is the one that clients see. */
export class ServiceError extends Error {
  readonly status: number;
  /** The service answers refused keys and networks after a random wait, against guessing. */
  readonly delayed: boolean;
  /** What the answer has beside the message. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    options: { delayed?: boolean; fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
    this.delayed = options.delayed ?? false;
    this.fields = options.fields ?? {};
  }
}

export const unauthorized = (what: string) =>
  new ServiceError(401, `Unauthorized, ${what}`, { delayed: true });
/** What the service says in production about whatever it did not expect. */
export const unexpected = () => new ServiceError(500, "Internal Server Error");
export const badRequest = (message: string) => new ServiceError(400, message);
export const notFound = (message: string) => new ServiceError(404, message);
export const conflict = (message: string) => new ServiceError(409, message);
export const forbidden = (message: string) => new ServiceError(403, message);
export const unknownPaymentSource = () => notFound("Network and Address combination not supported");
/** What the service has and the sandbox has not; never answered as if it had worked. */
export const notSimulated = (route: string) =>
  new ServiceError(
    501,
    `The sandbox does not simulate ${route}: administration and dispute settlement are left out`,
  );
