-- Jobs that users tried on the page, so that they find the answers again.
CREATE TABLE portal_tries (
  id uuid PRIMARY KEY,
  agent_id text NOT NULL REFERENCES portal_agents (id),
  -- Who tried it: its owner, or an operator. What was asked and answered is theirs alone.
  user_id text NOT NULL,
  -- running, succeeded, failed or refused. Whoever runs it may be killed, so one that runs counts as failed from ends_by on.
  state text NOT NULL DEFAULT 'running',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_by timestamptz NOT NULL,
  ended_at timestamptz,
  input text NOT NULL,
  -- The answer, or why there is none.
  outcome text
);
CREATE INDEX portal_tries_of_agent ON portal_tries (agent_id, started_at DESC);
ALTER TABLE portal_tries ENABLE ROW LEVEL SECURITY;
