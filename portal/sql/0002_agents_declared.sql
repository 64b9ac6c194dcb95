-- Which text of its file an agent is registered from: whoever wrote that file sees when all that it says is done.
-- SHA-256 in hex; null until the chain has confirmed the registration, and in rows of older runs.
-- Only the table's owner may alter it, also where nothing is to be altered.
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = 'agents' AND column_name = 'declared'
  ) THEN
    ALTER TABLE agents ADD COLUMN declared text;
  END IF;
END
$$;
