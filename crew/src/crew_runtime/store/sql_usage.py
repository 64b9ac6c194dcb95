"""What jobs used of models, and how long they and the runtime ran, in SQL that both databases understand."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.job.running_time import RunningTime
from crew_runtime.store.query import Queries

_USED: Final = tuple(field.name for field in fields(ModelUsage))


def _job_column(*, by_job: bool) -> str:
    return "job" if by_job else "CAST('' AS TEXT)"


class SqlUsage(Queries):
    """The part of a JobStore that outlives its jobs: nothing of it is the customer's."""

    def add_usage(self, day: str, usages: Sequence[ModelUsage]) -> int:
        """Count tokens that were used on a day, and return those of that day. Counts twice if its answer is lost."""
        tokens = sum(usage.tokens for usage in usages)
        if not tokens:  # nothing to write
            found = self._query("SELECT tokens FROM model_days WHERE day = ?", (day,))
            return int(found[0]["tokens"]) if found else 0
        # In one order, so that no two runtimes wait for each other.
        rows_of = sorted((usage.job, usage.model, usage.input_tokens, usage.output_tokens) for usage in usages)
        self._query(
            "INSERT INTO model_usage (day, job, model, input_tokens, output_tokens)"
            f" VALUES {', '.join(['(?, ?, ?, ?, ?)'] * len(rows_of))} ON CONFLICT (day, job, model) DO UPDATE"
            " SET input_tokens = model_usage.input_tokens + excluded.input_tokens,"
            " output_tokens = model_usage.output_tokens + excluded.output_tokens",
            [value for row in rows_of for value in (day, *row)],
        )
        rows = self._query(
            "INSERT INTO model_days (day, tokens) VALUES (?, ?)"
            " ON CONFLICT (day) DO UPDATE SET tokens = model_days.tokens + excluded.tokens RETURNING tokens",
            (day, tokens),
        )
        return int(rows[0]["tokens"])

    def usage_by_month(self, *, month: str | None = None, by_job: bool = False) -> list[tuple[str, ModelUsage]]:
        """Return what was used of each model in each month, or in one."""
        rows = self._query(
            f"SELECT substr(day, 1, 7) AS month, {_job_column(by_job=by_job)} AS job, model,"
            " CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, CAST(SUM(output_tokens) AS BIGINT) AS output_tokens"
            " FROM model_usage WHERE day LIKE ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            (f"{month or ''}%",),
        )
        return [(row["month"], ModelUsage(**{name: row[name] for name in _USED})) for row in rows]

    def add_running_times(self, day: str, times: Sequence[RunningTime]) -> None:
        """Add times of a day. Counts twice if its answer is lost."""
        # The runtime itself has no reference. In one order, so that no two runtimes wait for each other.
        rows_of = sorted((time.job or "", time.cpu, time.memory, time.milliseconds) for time in times)
        if rows_of:
            self._query(
                "INSERT INTO running_time (day, job, cpu, memory, milliseconds)"
                f" VALUES {', '.join(['(?, ?, ?, ?, ?)'] * len(rows_of))} ON CONFLICT (day, job, cpu, memory) DO UPDATE"
                " SET milliseconds = running_time.milliseconds + excluded.milliseconds",
                [value for row in rows_of for value in (day, *row)],
            )

    def running_times_by_month(
        self, *, month: str | None = None, by_job: bool = False
    ) -> list[tuple[str, RunningTime]]:
        """Return how long runtimes were up and jobs ran in each month, or in one."""
        rows = self._query(
            "SELECT substr(day, 1, 7) AS month, CASE WHEN job = '' THEN 1 ELSE 0 END AS is_runtime,"
            f" {_job_column(by_job=by_job)} AS job, cpu, memory, CAST(SUM(milliseconds) AS BIGINT) AS milliseconds"
            " FROM running_time WHERE day LIKE ? GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2 DESC, 3, 4, 5",
            (f"{month or ''}%",),
        )
        return [
            (
                row["month"],
                RunningTime(
                    job=None if row["is_runtime"] else row["job"],
                    **{name: row[name] for name in ("cpu", "memory", "milliseconds")},
                ),
            )
            for row in rows
        ]
