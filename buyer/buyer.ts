import { type AssetTable, type Network, assetTable } from "../infra/declarations/index.ts";
import { assetOverrides } from "../infra/config.ts";
import { SANDBOX_BUYER_KEY, usesSandbox } from "../stacks/local-stack.ts";
import { LOCAL_STACK, type Project, readConfig, stackFile } from "../stacks/project.ts";
import { findSandbox } from "../stacks/sandbox-process.ts";
import { UserError } from "../stacks/user-error.ts";
import { HireError } from "./errors.ts";
import { Purchases } from "./purchases.ts";

/** Who pays, and on which network. */
export interface BuyerOptions {
  readonly project: Project;
  readonly stack: string;
  /** Base URL of the buyer's payment service, ending in /api/v1; default the stack's. */
  readonly paymentService: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The network that a stack is on, and its tokens. @throws UserError when the stack has no file or no network */
export function marketOf(project: Project, stack: string): { network: Network; assets: AssetTable } {
  const settings = readConfig(project, stack);
  const network = settings["masumi:network"] ?? (stack === LOCAL_STACK ? "Preprod" : undefined);
  if (network !== "Preprod" && network !== "Mainnet") {
    throw new UserError(
      `${stackFile(project, stack)} does not say masumi:network (Preprod or Mainnet). Name another stack with --stack.`,
    );
  }
  return { network, assets: assetTable(network, assetOverrides(settings)) };
}

/** Whether the stack's payment service is this project's sandbox, which has a buyer of its own. */
const isSandbox = ({ project, stack, paymentService }: BuyerOptions) =>
  stack === LOCAL_STACK && paymentService === undefined && usesSandbox(project);

async function serviceOf(options: BuyerOptions): Promise<string> {
  const { project, stack, paymentService } = options;
  if (paymentService !== undefined) return paymentService.replace(/\/+$/, "");
  if (isSandbox(options)) {
    const sandbox = await findSandbox(project);
    if (sandbox) return `${sandbox.url}/api/v1`;
    throw new UserError(
      "The sandbox of this project is not running. Start it with: npx masumi-agents sandbox",
    );
  }
  const url = readConfig(project, stack)["masumi:paymentServiceUrl"];
  if (url) return url;
  throw new HireError(
    "HIRE_BUYER_MISSING",
    `Nothing says by which payment service you pay: ${stackFile(project, stack)} has no masumi:paymentServiceUrl.`,
    "Name yours with --payment-service https://…/api/v1.",
  );
}

/**
 * Opens the buyer's payment service. Its key comes from MASUMI_BUYER_KEY and never from the command line, where others
 * on the machine could read it; the sandbox has a buyer of its own.
 *
 * @throws HireError HIRE_BUYER_MISSING; UserError; SettingsError
 */
export async function openPurchases(options: BuyerOptions): Promise<Purchases> {
  const { network } = marketOf(options.project, options.stack);
  const url = await serviceOf(options);
  const key = options.env["MASUMI_BUYER_KEY"] || (isSandbox(options) ? SANDBOX_BUYER_KEY : undefined);
  if (!key) {
    throw new HireError(
      "HIRE_BUYER_MISSING",
      `There is no key to pay with at ${url}.`,
      "Set MASUMI_BUYER_KEY in the environment to a ReadAndPay key of that payment service.",
    );
  }
  return new Purchases({ url, key, network });
}
