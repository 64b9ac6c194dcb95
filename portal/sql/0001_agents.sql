-- Every agent that a stack with masumi:records has deployed: what runs write down, whichever way an agent was declared. No run removes a
-- row. Rows are written by the user of masumi:records, who needs SELECT, INSERT and UPDATE.
CREATE TABLE IF NOT EXISTS agents (
  id text NOT NULL,
  -- One folder of agents may be deployed to both networks, with the same ids.
  network text NOT NULL CHECK (network IN ('Preprod', 'Mainnet')),
  -- user: in the agent's file; null for nobody.
  user_id text,
  name text NOT NULL,
  api_url text NOT NULL,
  state text NOT NULL CHECK (state IN ('starting', 'registered', 'leaving', 'deregistered')),
  -- The agent's identifier on the network, and the transaction that it is from; null until the chain has confirmed it.
  masumi_id text,
  tx_hash text,
  registration_id text,
  -- masumi:owner and the name of the stack that deploys it.
  owner text NOT NULL,
  stack text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, network)
);

CREATE INDEX IF NOT EXISTS agents_user_id ON agents (user_id);
