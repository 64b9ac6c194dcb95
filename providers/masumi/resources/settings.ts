import { SettingsError } from "../service/errors.ts";
import { parseAda } from "../../common/amounts.ts";
import { type BucketSettings, bucketSettings } from "../../s3/index.ts";
import { FORGET } from "../service/rules/unlisted.ts";
import type { SpendingSettings } from "./spending.ts";

/** The settings of a stack that the provider uses. */
export interface Settings extends SpendingSettings {
  /** masumi:paymentServiceUrl */
  readonly url: string;
  /** MASUMI_API_KEY, else masumi:apiKey. A destroy sees the configuration kept in the state, but today's environment. */
  readonly apiKey: string;
  /** masumi:waitMinutes: how long to wait for the chain. Default: as long as the wallet's queue needs. */
  readonly waitMinutes: number | undefined;
  /** masumi:settleSeconds: how long to look for the effect of a request whose answer was lost. Default: 30. */
  readonly settleSeconds: number;
  /** masumi:allowDeregister: agents (agent or registration ids) that a run may deregister beyond its limit. */
  readonly allowDeregister: readonly string[];
  /** masumi:otherRegistrations: what else is registered on the stack's wallets: owners, registration ids, or tokens' identifiers. */
  readonly otherRegistrations: readonly string[];
  /** MASUMI_ALLOW_DEREGISTER: what a destroy on Mainnet may burn; comma-separated agent ids, or `all`. */
  readonly allowedByEnvironment: string | undefined;
  /** MASUMI_FORCE_DEREGISTER: whether agents are deregistered despite open payments. */
  readonly forceDeregister: boolean;
  /** MASUMI_FORGET_REGISTRATION: of which agents what the payment service does not show counts as gone. */
  readonly forget: string | undefined;
}

type ReadSetting = (key: string) => unknown;
export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws SettingsError */
export function readSettings(get: ReadSetting, env: Environment): Settings {
  const required = (name: string, value: unknown): string => {
    if (typeof value === "string" && value !== "") return value;
    throw new SettingsError({ code: "SETTING_MISSING", what: `${name} is not set.` });
  };
  return {
    url: required("masumi:paymentServiceUrl", get("masumi:paymentServiceUrl")),
    apiKey: required("masumi:apiKey (or MASUMI_API_KEY)", env["MASUMI_API_KEY"] || get("masumi:apiKey")),
    waitMinutes: toNumber("masumi:waitMinutes", get("masumi:waitMinutes")),
    settleSeconds: toNumber("masumi:settleSeconds", get("masumi:settleSeconds")) ?? 30,
    allowDeregister: toList("masumi:allowDeregister", get("masumi:allowDeregister")),
    otherRegistrations: toList("masumi:otherRegistrations", get("masumi:otherRegistrations")),
    confirmMainnet: toText(get("masumi:confirmMainnet")) === "true",
    maxLovelace: toLovelace("masumi:maxAda", get("masumi:maxAda")),
    owner: toText(get("masumi:owner")),
    ledger: toBucket("masumi:ledger", get("masumi:ledger")),
    aws: {
      region: toText(get("aws:region")) || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"],
      profile: toText(get("aws:profile")) || undefined,
    },
    allowedByEnvironment: env["MASUMI_ALLOW_DEREGISTER"],
    forceDeregister: isOn(env["MASUMI_FORCE_DEREGISTER"]),
    forget: env[FORGET],
  };
}

const isOn = (value = ""): boolean => !["", "0", "false", "no"].includes(value.trim().toLowerCase());

function toNumber(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new SettingsError({ code: "SETTING_INVALID", what: `${name} is not a number.` });
}

const toText = (value: unknown): string => (typeof value === "string" ? value : "");

export function toLovelace(name: string, value: unknown): bigint | undefined {
  if (value === undefined) return undefined;
  const lovelace = typeof value === "string" || typeof value === "number" ? parseAda(`${value}`) : undefined;
  if (lovelace !== undefined) return lovelace;
  throw new SettingsError({ code: "SETTING_INVALID", what: `${name} is not an amount of ADA.` });
}

function toBucket(name: string, value: unknown): BucketSettings | undefined {
  if (value === undefined) return undefined;
  try {
    return bucketSettings.parse(typeof value === "string" ? JSON.parse(value) : value);
  } catch {
    throw new SettingsError({
      code: "SETTING_INVALID",
      what: `${name} is no bucket, like { bucket: example-ledger }.`,
    });
  }
}

export function toList(name: string, value: unknown): string[] {
  try {
    const list: unknown = typeof value === "string" ? JSON.parse(value) : (value ?? []);
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  } catch {
    // Not JSON: reported below.
  }
  throw new SettingsError({ code: "SETTING_INVALID", what: `${name} is not a list of texts.` });
}
