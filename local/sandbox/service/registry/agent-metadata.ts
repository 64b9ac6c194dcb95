import { z } from "zod";
import { POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import { isReadableMetadata } from "../../registry/metadata.ts";
import type { Asset } from "../../store/ledger.ts";
import { lookUp } from "../look-up.ts";
import { endpoint, requireNetwork } from "../endpoint.ts";
import { badRequest, notFound, ServiceError, unexpected } from "../errors.ts";
import { agentIdentifier, network, text250 } from "../fields.ts";

const described = ({ unit, metadata }: Asset) => ({
  policyId: unit.slice(0, POLICY_ID_LENGTH),
  assetName: unit.slice(POLICY_ID_LENGTH),
  agentIdentifier: unit,
  Metadata: metadata,
});

/** GET /registry/agent-identifier: what the chain says of an agent, not the registry's rows. */
export const byIdentifier = endpoint("read", z.object({ agentIdentifier, network }), (input, call) => {
  requireNetwork(call, input.network);
  if (!/^[0-9a-fA-F]+$/.test(input.agentIdentifier))
    throw badRequest("Agent identifier is not a valid hex string");
  const policyId = input.agentIdentifier.slice(0, POLICY_ID_LENGTH);
  if (
    !call.world.paymentSources.some(
      (source) => source.network === input.network && source.policyId === policyId,
    )
  ) {
    throw notFound("Network and policyId combination not supported");
  }
  const asset = lookUp(call, input.agentIdentifier);
  if (!asset || asset.holder === null) throw notFound("Agent identifier not found");
  if (asset.metadata === null) throw notFound("Agent registry metadata not found");
  if (!isReadableMetadata(asset.metadata, call.world.dialect))
    throw new ServiceError(422, "Agent metadata is invalid or malformed");
  return described(asset);
});

const walletSchema = z.object({ walletVkey: text250, network, smartContractAddress: text250.optional() });

/** GET /registry/wallet: the agents whose tokens lie in a wallet, as the chain says. */
export const byWallet = endpoint("read", walletSchema, (input, call) => {
  requireNetwork(call, input.network);
  const wallet = call.world.wallets.find(
    ({ vkey, source }) =>
      vkey === input.walletVkey &&
      source.network === input.network &&
      source.smartContractAddress === (input.smartContractAddress ?? source.smartContractAddress),
  );
  if (!wallet) throw notFound("Wallet not found");
  if (call.faults.takeChainDown(call.route)) throw unexpected();
  const assets = call.store.ledger
    .heldAt(wallet.address)
    .filter((asset) => isReadableMetadata(asset.metadata, call.world.dialect));
  return { Assets: assets.map(described) };
});
