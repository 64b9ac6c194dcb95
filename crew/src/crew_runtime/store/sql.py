"""The job store in SQL that SQLite and PostgreSQL both understand."""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Final

from crew_runtime.job.failure_report import Report
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import UNENDED, Job, JobState, PaymentTerms, Question, new_id
from crew_runtime.store.query import Row, Value
from crew_runtime.store.schema import COLUMNS
from crew_runtime.store.sql_usage import SqlUsage

_ALL: Final = ", ".join(COLUMNS)
_EMPTY: Final = {
    "input_data": "'{}'",
    "question": "NULL",
    "answers": "'[]'",
    "result": "NULL",
    "failure_report": "NULL",
}
_LEAN: Final = ", ".join(f"{_EMPTY[name]} AS {name}" if name in _EMPTY else name for name in COLUMNS)
_TERMS: Final = tuple(field.name for field in fields(PaymentTerms))
_JSON: Final = ("input_data", "question", "answers")
"""What is kept as JSON, and erased with the input."""
_UNPAID: Final = "state IN ('created', 'awaiting_payment')"
_BUT_THE_YOUNGEST: Final = "ORDER BY created_at DESC, id LIMIT ? OFFSET ?"
_AT_ONCE: Final = 100
_GAVE_WAY_AT_MOST: Final = 4
_ENDED_AT: Final = "COALESCE(closed_at, external_dispute_unlock_time)"
_UNDISPUTED: Final = (
    "(blockchain_identifier IS NULL OR failure IN ('PAYMENT_EXPIRED', 'GAVE_WAY')"
    " OR on_chain_state IN ('Withdrawn', 'RefundWithdrawn', 'DisputedWithdrawn') OR external_dispute_unlock_time < ?)"
)
_CUSTOMERS: Final = (
    "result",
    "failure_report",
    "identifier_from_purchaser",
    "input_hash",
    "request_key",
    "secret_hash",
    "traceparent",
)
_RUNNABLE: Final = (JobState.QUEUED, JobState.RUNNING)


class SqlJobStore(SqlUsage):
    """A JobStore, apart from the connection."""

    def __init__(self, *, holder: str, lease_seconds: float) -> None:
        self._holder = holder
        self._lease_ms = int(lease_seconds * 1000)

    def add(self, job: Job) -> Job:
        """Write a new job and hold it, or return the one that has the same request key."""
        values = {**_values(job), "holder": self._holder}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        insert = (
            f"INSERT INTO jobs ({names}, lease_until) VALUES ({marks}, {{now}} + ?)"
            f" ON CONFLICT DO NOTHING RETURNING {_ALL}"
        )
        while True:
            rows = self._query(insert, (*values.values(), self._lease_ms)) or self._query(
                f"SELECT {_ALL} FROM jobs WHERE id = ? OR request_key = ?",
                (job.id, job.request_key),
            )
            if rows:  # else the other job has just given up its request key
                return _job(rows[0])

    def get(self, job_id: str) -> Job | None:
        """Read a job."""
        return _first(self._query(f"SELECT {_ALL} FROM jobs WHERE id = ?", (job_id,)))

    def find(self, request_key: str) -> Job | None:
        """Read the job that such a request has begun."""
        return _first(self._query(f"SELECT {_ALL} FROM jobs WHERE request_key = ?", (request_key,)))

    def held(self) -> list[Job]:
        """Return the jobs that this runtime holds, oldest first, without what may be long."""
        rows = self._query(
            f"SELECT {_LEAN} FROM jobs WHERE holder = ? AND closed_at IS NULL ORDER BY created_at, id",
            (self._holder,),
        )
        return [_job(row) for row in rows]

    def claim(self, job_id: str | None = None) -> int:
        """Take over all jobs, or one, whose lease has ended; return their number."""
        rows = self._query(
            "UPDATE jobs SET holder = ?, lease_until = {now} + ? WHERE closed_at IS NULL AND lease_until < {now}"
            " AND (holder IS NULL OR holder <> ?)" + ("" if job_id is None else " AND id = ?") + " RETURNING id",
            (self._holder, self._lease_ms, self._holder, *([] if job_id is None else [job_id])),
        )
        return len(rows)

    def renew(self) -> set[str]:
        """Renew the leases of this runtime, and return the ids of the jobs that it holds."""
        rows = self._query(
            "UPDATE jobs SET lease_until = {now} + ? WHERE holder = ? AND closed_at IS NULL RETURNING id",
            (self._lease_ms, self._holder),
        )
        return {row["id"] for row in rows}

    def release(self) -> None:
        """End the leases of this runtime."""
        self._query("UPDATE jobs SET holder = NULL, lease_until = 0 WHERE holder = ?", (self._holder,))

    def bind_payment(self, job_id: str, terms: PaymentTerms) -> Job | None:
        """Note the payment of a created job, which then awaits its funds."""
        values = _terms_values(terms)
        return self._change(job_id, (JobState.CREATED,), JobState.AWAITING_PAYMENT, values)

    def note_payment(self, job_id: str, on_chain_state: str | None, next_action: str) -> Job | None:
        """Note how the payment was last seen."""
        rows = self._query(
            f"UPDATE jobs SET on_chain_state = ?, next_action = ? WHERE id = ? AND holder = ? RETURNING {_ALL}",
            (on_chain_state, next_action, job_id, self._holder),
        )
        return _first(rows)

    def fund(self, job_id: str) -> Job | None:
        """Queue a job whose funds are locked."""
        return self._change(job_id, (JobState.AWAITING_PAYMENT,), JobState.QUEUED)

    def start(self, job_id: str) -> Job | None:
        """Note that a job runs now."""
        return self._change(job_id, _RUNNABLE, JobState.RUNNING, also=("attempts = attempts + 1",))

    def put_back(self, job_id: str) -> Job | None:
        """Queue a running job again."""
        return self._change(job_id, (JobState.RUNNING,), JobState.QUEUED, also=("attempts = attempts - 1",))

    def ask(self, job_id: str, question: Question) -> Job | None:
        """Note what a running job asks its customer."""
        values = {"question": _question_text(question)}
        also = ("attempts = attempts - 1",)
        return self._change(job_id, (JobState.RUNNING,), JobState.AWAITING_INPUT, values, also)

    def answer(self, job_id: str, status_id: str, text: str) -> Job | None:
        """Keep the answer to the question of that status; as the status changes with it, only one is kept."""
        job = self.get(job_id)
        if job is None:
            return None
        rows = self._query(
            "UPDATE jobs SET state = ?, status_id = ?, question = NULL, answers = ?"
            f" WHERE id = ? AND status_id = ? AND state = ? RETURNING {_ALL}",
            (JobState.RUNNING, new_id(), _answers_text((*job.answers, text)), job_id, status_id,
             JobState.AWAITING_INPUT),
        )  # fmt: skip
        return _first(rows)

    def complete(self, job_id: str, result: str) -> Job | None:
        """Keep the result of a running job that has no payment."""
        also = ("finished_at = {now}", "closed_at = {now}")
        return self._change(job_id, (JobState.RUNNING,), JobState.COMPLETED, {"result": result}, also)

    def keep_result(self, job_id: str, result: str, result_hash: str, hash_rule: str) -> Job | None:
        """Keep the result of a running job, with the hash to be submitted."""
        values = {"result": result, "result_hash": result_hash, "hash_rule": hash_rule}
        return self._change(job_id, (JobState.RUNNING,), JobState.RESULT_READY, values)

    def note_submitted(self, job_id: str) -> Job | None:
        """Note that the payment service has taken the result's hash."""
        return self._change(job_id, (JobState.RESULT_READY,), JobState.SUBMITTED, also=("finished_at = {now}",))

    def settle(self, job_id: str) -> Job | None:
        """Note that the result's hash was seen on the chain."""
        return self._change(job_id, (JobState.SUBMITTED,), JobState.COMPLETED)

    def close(self, job_id: str) -> Job | None:
        """Note that there is nothing left to watch."""
        states = (JobState.SUBMITTED, JobState.COMPLETED)
        return self._change(job_id, states, JobState.COMPLETED, also=("closed_at = {now}",))

    def fail(
        self,
        job_id: str,
        failure: Failure,
        *,
        repeatable: bool = False,
        expected: JobState | None = None,
        report: Report | None = None,
    ) -> Job | None:
        """Note why a job that the customer waits for has no result."""
        values: dict[str, Value] = {"failure": failure, "failure_report": _report_text(report)}
        values |= {"request_key": None} if repeatable else {}
        also = ("finished_at = {now}", "closed_at = {now}")
        return self._change(job_id, UNENDED if expected is None else (expected,), JobState.FAILED, values, also)

    def failed(self, most: int) -> list[Job]:
        """Return the jobs that failed last and have a report, the last one first."""
        rows = self._query(
            f"SELECT {_ALL} FROM jobs WHERE failure_report IS NOT NULL ORDER BY finished_at DESC, id LIMIT ?", (most,)
        )
        return [_job(row) for row in rows]

    def counts(self) -> Mapping[JobState, int]:
        """Count all jobs by state."""
        rows = self._query("SELECT state, count(*) AS number FROM jobs GROUP BY state")
        return {JobState(row["state"]): row["number"] for row in rows}

    def count_unpaid(self) -> int:
        """Count the open jobs that wait for their payment and have not given way."""
        rows = self._query(f"SELECT count(*) AS number FROM jobs WHERE {_UNPAID} AND gave_way_at IS NULL")
        return int(rows[0]["number"])

    def make_room(self, most: int) -> list[Job]:
        """Let all but the youngest `most` unpaid jobs give way; of these, let all but the youngest fail."""
        gave_way = self._query(
            f"UPDATE jobs SET gave_way_at = {{now}} WHERE {_UNPAID} AND gave_way_at IS NULL AND id IN"
            f" (SELECT id FROM jobs WHERE {_UNPAID} AND gave_way_at IS NULL {_BUT_THE_YOUNGEST}) RETURNING {_ALL}",
            (_AT_ONCE, most),
        )
        beyond = self._query(
            f"SELECT id FROM jobs WHERE {_UNPAID} AND gave_way_at IS NOT NULL {_BUT_THE_YOUNGEST}",
            (_AT_ONCE, _GAVE_WAY_AT_MOST * (most + 1)),
        )
        failed = [row for found in beyond for row in self._give_up(found["id"])]
        return [_job(row) for row in (*gave_way, *failed)]

    def _give_up(self, job_id: str) -> list[Row]:
        return self._query(
            "UPDATE jobs SET state = ?, status_id = ?, failure = ?, request_key = NULL, finished_at = {now},"
            f" closed_at = {{now}} WHERE id = ? AND {_UNPAID} RETURNING {_ALL}",
            (JobState.FAILED, new_id(), Failure.GAVE_WAY, job_id),
        )

    def erase(self, *, at: int, ended_before: int) -> int:
        """Erase what is due, some jobs at a time."""
        unpaid = "failure IN ('PAYMENT_EXPIRED', 'PAYMENT_NOT_MADE', 'GAVE_WAY')"
        ended = f"{_ENDED_AT} < ? AND {_UNDISPUTED}"
        entered = "input_data <> '{}' OR question IS NOT NULL OR answers <> '[]'"
        inputs = ", ".join(f"{name} = {_EMPTY[name]}" for name in _JSON)
        everything = ", ".join((inputs, *(f"{name} = NULL" for name in _CUSTOMERS), "erased_at = ?"))
        count = self._in_batches("DELETE FROM jobs", f"{ended} AND {unpaid}", (), (ended_before, at))
        count += self._in_batches(f"UPDATE jobs SET {everything}", ended, (at,), (ended_before, at))
        undisputed = f"closed_at IS NOT NULL AND ({entered}) AND {_UNDISPUTED}"
        count += self._in_batches(f"UPDATE jobs SET {inputs}", undisputed, (), (at,))
        if count:
            self._forget_erased()
        return count

    def has_kept(self, *, begun_after: int) -> bool:
        """Return whether a job is here that is not erased.

        One without a payment that never ended does not count if it was begun before that time: nobody goes on with it.
        """
        forgotten = "closed_at IS NULL AND blockchain_identifier IS NULL AND created_at < ?"
        statement = f"SELECT 1 AS kept FROM jobs WHERE erased_at IS NULL AND NOT ({forgotten}) LIMIT 1"
        return bool(self._query(statement, (begun_after,)))

    def _in_batches(self, change: str, due: str, values: Sequence[Value], when: Sequence[Value]) -> int:
        count = 0
        while True:
            rows = self._query(
                f"{change} WHERE id IN (SELECT id FROM jobs WHERE erased_at IS NULL AND {due} LIMIT ?) RETURNING id",
                (*values, *when, _AT_ONCE),
            )
            count += len(rows)
            if len(rows) < _AT_ONCE:
                return count

    @abstractmethod
    def _forget_erased(self) -> None:
        """Remove what the database itself still has of what was erased, as far as it lets."""

    def _change(
        self,
        job_id: str,
        expected: Sequence[JobState],
        state: JobState,
        values: Mapping[str, Value] | None = None,
        also: Sequence[str] = (),
    ) -> Job | None:
        """Move a job that this runtime holds from one of the expected states; its status id changes with its status."""
        same_status = ", ".join(f"'{other}'" for other in JobState if other.status == state.status)
        sets = [
            "state = ?",
            f"status_id = CASE WHEN state IN ({same_status}) THEN status_id ELSE ? END",
            *(f"{name} = ?" for name in values or {}),
            *also,
        ]
        marks = ", ".join("?" * len(expected))
        rows = self._query(
            f"UPDATE jobs SET {', '.join(sets)}"
            f" WHERE id = ? AND holder = ? AND closed_at IS NULL AND state IN ({marks}) RETURNING {_ALL}",
            (state, new_id(), *(values or {}).values(), job_id, self._holder, *expected),
        )
        return _first(rows)


def _values(job: Job) -> dict[str, Value]:
    values: dict[str, Value] = {name: getattr(job, name) for name in COLUMNS if name not in (*_JSON, *_TERMS)}
    values["failure_report"] = _report_text(job.failure_report)
    values["input_data"] = json.dumps(job.input_data, ensure_ascii=False)
    values["question"] = _question_text(job.question)
    values["answers"] = _answers_text(job.answers)
    if job.payment:
        values |= _terms_values(job.payment)
    return values


def _terms_values(terms: PaymentTerms) -> dict[str, Value]:
    values: dict[str, Value] = {name: getattr(terms, name) for name in _TERMS}
    values["requested_funds"] = None if terms.requested_funds is None else json.dumps(terms.requested_funds)
    return values


def _question_text(question: Question | None) -> str | None:
    return None if question is None else json.dumps(asdict(question), ensure_ascii=False)


def _report_text(report: Report | None) -> str | None:
    return json.dumps(report, ensure_ascii=False) if report else None


def _answers_text(answers: Sequence[str]) -> str:
    return json.dumps(answers, ensure_ascii=False)


def _first(rows: Sequence[Row]) -> Job | None:
    return _job(rows[0]) if rows else None


def _job(row: Row) -> Job:
    values = {name: row[name] for name in COLUMNS if name not in _TERMS}
    return Job(
        **{
            **values,
            "state": JobState(row["state"]),
            "failure": None if row["failure"] is None else Failure(row["failure"]),
            "failure_report": None if row["failure_report"] is None else json.loads(row["failure_report"]),
            "input_data": json.loads(row["input_data"]),
            "question": None if row["question"] is None else Question(**json.loads(row["question"])),
            "answers": tuple(json.loads(row["answers"])),
            "payment": None if row["blockchain_identifier"] is None else _terms(row),
        }
    )


def _terms(row: Row) -> PaymentTerms:
    funds = row["requested_funds"]
    return PaymentTerms(
        **{
            **{name: row[name] for name in _TERMS},
            "requested_funds": None if funds is None else tuple(json.loads(funds)),
        }
    )
