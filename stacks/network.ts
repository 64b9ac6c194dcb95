import {
  type AssetOverrides,
  type AssetTable,
  type Network,
  assetTable,
} from "../infra/declarations/index.ts";
import { assetOverrides } from "../infra/config.ts";
import { type Project, isLocalStack, readConfig, requireStackFile, stackFile } from "./project.ts";
import { UserError } from "./user-error.ts";

/** What a fresh local stack will be set to; any other stack must have its file. */
const LOCAL_DEFAULTS: Readonly<Record<string, string>> = {
  "masumi:network": "Preprod",
  "masumi:hosting": "process",
  "masumi:allowPrivateUrls": "true",
};

/** A stack's network, and the tokens that its settings name. */
export interface StackNetwork {
  readonly network: Network;
  readonly assets: AssetOverrides | undefined;
  /** All settings of the stack; secrets are encrypted. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Return a stack's network and settings. @throws UserError when the stack has no file or no network */
export function readNetwork(project: Project, stack: string): StackNetwork {
  const settings = settingsOf(project, stack);
  const network = settings["masumi:network"];
  if (network !== "Preprod" && network !== "Mainnet") {
    const said = network === undefined ? "does not set masumi:network" : `sets masumi:network to ${network}`;
    throw new UserError(
      `${stackFile(project, stack)} ${said}; it is Preprod or Mainnet. ` +
        `Set it: npx masumi-agents config set --stack ${stack} masumi:network Preprod`,
    );
  }
  return { network, assets: assetOverrides(settings), settings };
}

/** Return the same as if the stack were on a network, whatever its file says. @throws UserError when the stack has no file */
export function readNetworkAs(project: Project, stack: string, network: Network): StackNetwork {
  const settings = settingsOf(project, stack);
  return { network, assets: assetOverrides(settings), settings };
}

function settingsOf(project: Project, stack: string): StackNetwork["settings"] {
  requireStackFile(project, stack);
  return { ...(isLocalStack(stack) ? LOCAL_DEFAULTS : {}), ...readConfig(project, stack) };
}

/** Return a stack's network and its tokens by their names. @throws UserError when the stack has no file or no network */
export function readMarket(
  project: Project,
  stack: string,
): { readonly network: Network; readonly assets: AssetTable } {
  const { network, assets } = readNetwork(project, stack);
  return { network, assets: assetTable(network, assets) };
}
