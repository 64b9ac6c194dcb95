-- Whether a person asked for an agent's removal, and not the end of a subscription: then a run may burn it, however many others it burns.
ALTER TABLE portal_requests ADD COLUMN by_person boolean NOT NULL DEFAULT false;
