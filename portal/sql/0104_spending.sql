-- Whether a request spends ADA: it registers an agent, or changes what the network shows of one.
ALTER TABLE portal_requests ADD COLUMN spends boolean NOT NULL DEFAULT false;
CREATE INDEX portal_requests_spending ON portal_requests (accepted_at) WHERE spends;
