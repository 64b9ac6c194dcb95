/** The keys of a stack that an agent may get, by environment variable. */
export const SECRET_NAMES = ["MODEL_KEY", "PAYMENT_KEY", "DATABASE_URL"] as const;

export type SecretName = (typeof SECRET_NAMES)[number];
