-- Whether a run may burn an agent's registration to make another one, as wallets of type V1 do for each change of what the network shows,
-- however many others it burns: a person asked for such a change, and no run has ended well with it yet.
ALTER TABLE portal_requests ADD COLUMN may_replace boolean NOT NULL DEFAULT false;
CREATE INDEX portal_requests_replacing ON portal_requests (fleet) WHERE may_replace;
