/**
 * An agent's identifier on the network, with what belongs to it. Both change together when an agent moves to another wallet, so
 * the running crew gets them in one write. In arguments, they may be Pulumi's inputs.
 */
export interface AgentIdentity<Text = string, Version = "V1" | "V2"> {
  /** Policy id and asset name in hex; it changes with every update of a V2 registration. */
  readonly agentIdentifier: Text;
  /** The version of the contract that takes the payments. */
  readonly paymentSourceType: Version;
  /** The hash of the selling wallet's payment key: 56 hex digits. */
  readonly sellerVkey: Text;
}

/** What the crew runtime reads (crew/README.md); the keys' order is fixed, so that the same identity is the same text. */
export const identityContent = <Text, Version>(
  { agentIdentifier, paymentSourceType, sellerVkey }: AgentIdentity<Text, Version>,
  draining: boolean,
) => ({ agentIdentifier, paymentSourceType, sellerVkey, draining });

/** Returns the content of an identity.json. */
export const identityFileContent = (identity: AgentIdentity, draining: boolean): Buffer =>
  Buffer.from(`${JSON.stringify(identityContent(identity, draining))}\n`);

/** Returns the identity in an identity.json; one of an older version lacks contract and wallet. */
export function identityIn(content: Buffer): Partial<AgentIdentity> & Pick<AgentIdentity, "agentIdentifier"> {
  const { agentIdentifier, paymentSourceType, sellerVkey } = JSON.parse(
    content.toString(),
  ) as Partial<AgentIdentity>;
  return {
    agentIdentifier: agentIdentifier ?? "",
    ...(paymentSourceType === undefined ? {} : { paymentSourceType }),
    ...(sellerVkey === undefined ? {} : { sellerVkey }),
  };
}

/** Returns whether a state, which may be of an older version without contract and wallet, has the same identity. */
export const isSameIdentity = (olds: Partial<AgentIdentity>, news: Partial<AgentIdentity>): boolean =>
  olds.agentIdentifier === news.agentIdentifier &&
  olds.paymentSourceType === news.paymentSourceType &&
  olds.sellerVkey === news.sellerVkey;
