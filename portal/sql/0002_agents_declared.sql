-- Which text of its file an agent is registered from: whoever wrote that file sees when all that it says is done.
-- SHA-256 in hex; null until the chain has confirmed the registration, and in rows of older runs.
ALTER TABLE agents ADD COLUMN IF NOT EXISTS declared text;
