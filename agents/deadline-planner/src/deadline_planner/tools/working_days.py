from datetime import date, timedelta

import holidays
from crewai.tools import BaseTool
from pydantic import BaseModel, Field


class WorkingDaysInput(BaseModel):
    """What a step needs to be dated."""

    start: date = Field(description="The day on which the step may start, as YYYY-MM-DD.")
    days: int = Field(ge=1, le=1000, description="How many working days the step takes.")
    country: str = Field(description="The two-letter code of the country, for example DE.")


class WorkingDays(BaseTool):
    name: str = "working_days"
    description: str = (
        "Returns the first and the last day of a step, and the next working day, on which the step after it may start. "
        "Weekends and public holidays do not count."
    )
    args_schema: type[BaseModel] = WorkingDaysInput

    def _run(self, start: date, days: int, country: str) -> str:
        try:
            calendar = holidays.country_holidays(country)
        except NotImplementedError:
            return f"There is no calendar of {country}."
        first = calendar.get_nth_working_day(start - timedelta(days=1), 1)
        last = calendar.get_nth_working_day(first - timedelta(days=1), days)
        following = calendar.get_nth_working_day(last, 1)
        span = (start + timedelta(days=offset) for offset in range((following - start).days))
        skipped = [f"{calendar[day]} ({day})" for day in span if day in calendar]
        return (
            f"First day {first:%A %Y-%m-%d}, last day {last:%A %Y-%m-%d}, next step from {following:%A %Y-%m-%d}. "
            f"Public holidays on the way: {', '.join(skipped) or 'none'}."
        )
