"""The table of jobs and its migrations, for both databases."""

from typing import Final

VERSION: Final = 10

COLUMNS: Final = (
    "id", "status_id", "state", "agent_identifier", "identifier_from_purchaser", "input_data", "input_hash",
    "request_key", "attempts", "blockchain_identifier", "source_type", "seller_vkey", "pay_by_time",
    "submit_result_time", "unlock_time", "external_dispute_unlock_time", "on_chain_state", "next_action", "result",
    "result_hash", "hash_rule", "failure", "created_at", "finished_at", "closed_at", "question", "answers",
    "requested_funds", "secret_hash", "gave_way_at", "erased_at", "failure_report", "traceparent",
)  # fmt: skip

_V1: Final = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  status_id TEXT NOT NULL,
  state TEXT NOT NULL,
  agent_identifier TEXT NOT NULL,
  identifier_from_purchaser TEXT,
  input_data TEXT NOT NULL,
  result TEXT,
  failure TEXT,
  created_at {integer} NOT NULL,
  finished_at {integer}
){options};
CREATE INDEX jobs_by_state ON jobs (state);
"""

_V2: Final = """
ALTER TABLE jobs ADD COLUMN input_hash TEXT;
ALTER TABLE jobs ADD COLUMN request_key TEXT;
ALTER TABLE jobs ADD COLUMN attempts {integer} NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN blockchain_identifier TEXT;
ALTER TABLE jobs ADD COLUMN source_type TEXT;
ALTER TABLE jobs ADD COLUMN seller_vkey TEXT;
ALTER TABLE jobs ADD COLUMN pay_by_time {integer};
ALTER TABLE jobs ADD COLUMN submit_result_time {integer};
ALTER TABLE jobs ADD COLUMN unlock_time {integer};
ALTER TABLE jobs ADD COLUMN external_dispute_unlock_time {integer};
ALTER TABLE jobs ADD COLUMN on_chain_state TEXT;
ALTER TABLE jobs ADD COLUMN next_action TEXT;
ALTER TABLE jobs ADD COLUMN result_hash TEXT;
ALTER TABLE jobs ADD COLUMN hash_rule TEXT;
ALTER TABLE jobs ADD COLUMN closed_at {integer};
ALTER TABLE jobs ADD COLUMN holder TEXT;
ALTER TABLE jobs ADD COLUMN lease_until {integer} NOT NULL DEFAULT 0;
UPDATE jobs SET closed_at = finished_at;
CREATE UNIQUE INDEX jobs_by_request ON jobs (request_key);
CREATE INDEX jobs_not_closed ON jobs (holder, lease_until) WHERE closed_at IS NULL;
"""

_V3: Final = """
ALTER TABLE jobs ADD COLUMN question TEXT;
ALTER TABLE jobs ADD COLUMN answers TEXT NOT NULL DEFAULT '[]';
"""

_V4: Final = """
ALTER TABLE jobs ADD COLUMN requested_funds TEXT;
"""

_V5: Final = """
CREATE TABLE model_days (
  day TEXT PRIMARY KEY,
  tokens {integer} NOT NULL
){options};
"""

_V6: Final = """
ALTER TABLE jobs ADD COLUMN secret_hash TEXT;
ALTER TABLE jobs ADD COLUMN gave_way_at {integer};
ALTER TABLE jobs ADD COLUMN erased_at {integer};
CREATE INDEX jobs_to_erase ON jobs (closed_at) WHERE erased_at IS NULL;
"""

_V7: Final = """
ALTER TABLE jobs ADD COLUMN failure_report TEXT;
"""

_V8: Final = """
CREATE TABLE model_usage (
  day TEXT NOT NULL,
  job TEXT NOT NULL,
  model TEXT NOT NULL,
  input_tokens {integer} NOT NULL,
  output_tokens {integer} NOT NULL,
  PRIMARY KEY (day, job, model)
){options};
"""

_V9: Final = """
CREATE TABLE running_time (
  day TEXT NOT NULL,
  job TEXT NOT NULL,
  cpu {integer} NOT NULL,
  memory {integer} NOT NULL,
  milliseconds {integer} NOT NULL,
  PRIMARY KEY (day, job, cpu, memory)
){options};
"""

_V10: Final = """
ALTER TABLE jobs ADD COLUMN traceparent TEXT;
"""

_STEPS: Final = (_V1, _V2, _V3, _V4, _V5, _V6, _V7, _V8, _V9, _V10)


def steps_from(version: int, *, integer: str, options: str = "", up_to: int = VERSION) -> list[str]:
    """Return the statements that bring a table of `version` (0: none) to VERSION, or `up_to` another, in order."""
    script = "".join(step.format(integer=integer, options=options) for step in _STEPS[version:up_to])
    return [statement.strip() for statement in script.split(";") if statement.strip()]
