-- What the portal keeps: who asked for what, what became of it, and what is to be looked at.

-- A fleet is a folder of declarations and a stack that deploys them.
CREATE TABLE portal_fleets (
  number integer PRIMARY KEY,
  -- The newest commit that has something for this fleet, and the one that was deployed last.
  declared_commit text,
  deployed_commit text,
  -- Runs that failed since the last one that did not, and when the next look is due after one.
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz
);

-- A customer stays in a fleet.
CREATE TABLE portal_customers (
  user_id text PRIMARY KEY,
  fleet integer NOT NULL REFERENCES portal_fleets (number)
);

-- A version is given out with each change of an agent. Whoever follows agents goes on behind the last version that they saw.
CREATE SEQUENCE portal_versions;

CREATE TABLE portal_agents (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES portal_customers (user_id),
  fleet integer NOT NULL REFERENCES portal_fleets (number),
  template text NOT NULL,
  -- The form as it was filled in: name, bio, description, documents.
  form jsonb NOT NULL,
  -- What the declaration says that the page shows: price, input.
  shown jsonb NOT NULL,
  -- Names are unique in a fleet, compared as declarations compare them.
  compared_name text NOT NULL,
  state text NOT NULL,
  problem jsonb,
  url text,
  masumi_id text,
  expected_at timestamptz,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX portal_agents_of_user ON portal_agents (user_id, version);
CREATE INDEX portal_agents_by_version ON portal_agents (version);
CREATE UNIQUE INDEX portal_agents_names ON portal_agents (fleet, compared_name)
  WHERE state NOT IN ('deregistered');

CREATE TABLE portal_steps (
  number bigserial PRIMARY KEY,
  agent_id text NOT NULL REFERENCES portal_agents (id),
  step text NOT NULL,
  detail text,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX portal_steps_of_agent ON portal_steps (agent_id, number);

-- What is to be committed: a declaration, or null for an agent that leaves.
CREATE TABLE portal_requests (
  number bigserial PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  agent_id text NOT NULL REFERENCES portal_agents (id),
  fleet integer NOT NULL REFERENCES portal_fleets (number),
  kind text NOT NULL,
  declaration text,
  author_name text NOT NULL,
  author_email text NOT NULL,
  accepted_at timestamptz NOT NULL DEFAULT now(),
  commit text
);
CREATE INDEX portal_requests_open ON portal_requests (number) WHERE commit IS NULL;

CREATE TABLE portal_runs (
  id uuid PRIMARY KEY,
  fleet integer NOT NULL REFERENCES portal_fleets (number),
  commit text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  ok boolean,
  changes jsonb,
  log text NOT NULL DEFAULT ''
);
CREATE INDEX portal_runs_of_fleet ON portal_runs (fleet, started_at DESC);

-- Answers to requests with an Idempotency-Key, so that whoever repeats one gets the same.
CREATE TABLE portal_answers (
  user_id text NOT NULL,
  key text NOT NULL,
  digest text NOT NULL,
  agent_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);
