/** The number that a database of this schema bears. A change of the schema counts it up. */
export const SCHEMA_VERSION = 5;

/** Payments and purchases have the same columns: they are the two sides of one escrow. */
const requestsTable = (name: "payments" | "purchases") => `
CREATE TABLE ${name} (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  network TEXT NOT NULL,
  type TEXT NOT NULL,
  contract TEXT NOT NULL,
  wallet TEXT,
  otherWallet TEXT,
  owner TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  updatedAt INTEGER NOT NULL,
  nextActionChangedAt INTEGER NOT NULL,
  onChainChangedAt INTEGER NOT NULL,
  agentIdentifier TEXT NOT NULL,
  agentName TEXT,
  pricingType TEXT NOT NULL,
  funds TEXT NOT NULL,
  blockchainIdentifier TEXT NOT NULL,
  inputHash TEXT NOT NULL,
  resultHash TEXT,
  onChainState TEXT,
  requestedAction TEXT NOT NULL,
  errorType TEXT,
  errorNote TEXT,
  actionResultHash TEXT,
  payByTime INTEGER,
  submitResultTime INTEGER NOT NULL,
  unlockTime INTEGER NOT NULL,
  externalDisputeUnlockTime INTEGER NOT NULL,
  collateralReturnLovelace INTEGER,
  buyerReturnAddress TEXT,
  sellerReturnAddress TEXT,
  sellerCooldownTime INTEGER NOT NULL DEFAULT 0,
  buyerCooldownTime INTEGER NOT NULL DEFAULT 0,
  buyerFees INTEGER NOT NULL DEFAULT 0,
  sellerFees INTEGER NOT NULL DEFAULT 0,
  metadata TEXT,
  walletScope TEXT NOT NULL DEFAULT 'null',
  isDriven INTEGER NOT NULL DEFAULT 0,
  chainOffset INTEGER NOT NULL DEFAULT 0,
  requestedAt INTEGER NOT NULL DEFAULT 0,
  transactionId INTEGER,
  currentTransaction TEXT NOT NULL DEFAULT 'null',
  transactionHistory TEXT NOT NULL DEFAULT '[]',
  actionHistory TEXT NOT NULL DEFAULT '[]',
  searchText TEXT NOT NULL
) STRICT;
CREATE INDEX ${name}ByAge ON ${name} (network, type, createdAt, seq);
CREATE INDEX ${name}ByIdentifier ON ${name} (blockchainIdentifier);
CREATE INDEX ${name}ByTransaction ON ${name} (transactionId);
CREATE INDEX ${name}Open ON ${name} (seq) WHERE isDriven = 1;
`;

/** All that the sandbox keeps, in an empty database. */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE registrations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  network TEXT NOT NULL,
  type TEXT NOT NULL,
  contract TEXT NOT NULL,
  wallet TEXT NOT NULL,
  recipient TEXT,
  owner TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  updatedAt INTEGER NOT NULL,
  stateChangedAt INTEGER NOT NULL,
  state TEXT NOT NULL,
  error TEXT,
  agentIdentifier TEXT,
  previousIdentifier TEXT,
  sendFundingLovelace TEXT,
  listing TEXT NOT NULL,
  searchText TEXT NOT NULL,
  searchTags TEXT NOT NULL,
  pricingTypes TEXT NOT NULL,
  signer TEXT NOT NULL,
  requestedAt INTEGER NOT NULL,
  transactionId INTEGER
) STRICT;
CREATE INDEX registrationsByAge ON registrations (network, type, createdAt, seq);
CREATE INDEX registrationsByChange ON registrations (network, type, stateChangedAt, id);
CREATE INDEX registrationsByIdentifier ON registrations (agentIdentifier);
CREATE INDEX registrationsByTransaction ON registrations (transactionId);
CREATE INDEX registrationsWaiting ON registrations (signer, requestedAt, seq)
  WHERE state IN ('RegistrationRequested', 'UpdateRequested', 'DeregistrationRequested');

CREATE TABLE transactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  wallet TEXT NOT NULL,
  type TEXT NOT NULL,
  operation TEXT NOT NULL,
  step TEXT NOT NULL,
  due INTEGER NOT NULL,
  fate TEXT NOT NULL,
  reason TEXT,
  txHash TEXT,
  status TEXT NOT NULL,
  confirmations INTEGER,
  fees TEXT,
  blockHeight INTEGER,
  blockTime INTEGER
) STRICT;
CREATE INDEX transactionsDue ON transactions (due, id) WHERE step <> 'done';

CREATE TABLE wallets (
  vkey TEXT PRIMARY KEY,
  address TEXT NOT NULL UNIQUE,
  lovelace INTEGER NOT NULL,
  locked INTEGER NOT NULL DEFAULT 0,
  feesSpent INTEGER NOT NULL DEFAULT 0,
  freeSince INTEGER NOT NULL,
  lastTxHash TEXT NOT NULL
) STRICT;

CREATE TABLE assets (
  unit TEXT PRIMARY KEY,
  holder TEXT,
  lovelace INTEGER NOT NULL,
  metadata TEXT,
  txHash TEXT NOT NULL
) STRICT;
CREATE INDEX assetsByHolder ON assets (holder);
CREATE TRIGGER assetArrives AFTER INSERT ON assets BEGIN
  UPDATE wallets SET locked = locked + new.lovelace WHERE address = new.holder;
END;
CREATE TRIGGER assetLeaves AFTER DELETE ON assets BEGIN
  UPDATE wallets SET locked = locked - old.lovelace WHERE address = old.holder;
END;
CREATE TRIGGER assetMoves AFTER UPDATE ON assets BEGIN
  UPDATE wallets SET locked = locked - old.lovelace WHERE address = old.holder;
  UPDATE wallets SET locked = locked + new.lovelace WHERE address = new.holder;
END;

${requestsTable("payments")}
${requestsTable("purchases")}
CREATE TABLE tokens (
  address TEXT NOT NULL,
  unit TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (address, unit)
) STRICT;
`;

/** What a database of an earlier version lacks, 0 being an empty one; a version that is not here is refused. */
export const MISSING: Readonly<Record<number, string>> = {
  0: SCHEMA,
  4: "ALTER TABLE registrations DROP COLUMN lovelacePrices;",
  [SCHEMA_VERSION]: "",
};
