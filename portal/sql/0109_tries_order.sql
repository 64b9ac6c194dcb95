-- The embedded database's clock tells milliseconds, in which several tries may begin: their order is that of these numbers.
ALTER TABLE portal_tries ADD COLUMN number bigserial;
DROP INDEX portal_tries_of_agent;
CREATE INDEX portal_tries_of_agent ON portal_tries (agent_id, number DESC);
