-- How many requests are storing a document just now, and when the last of them began: until the last one has stored it, the time of what is
-- there tells nothing of whether others have stored it. A request that is killed never ends, so it counts no longer than one may take.
ALTER TABLE portal_documents ADD COLUMN storing integer NOT NULL DEFAULT 0, ADD COLUMN begun_at timestamptz;
