"""For `crewai run` on the author's machine; the crew runtime imports crew.py alone."""

from datetime import date

from deadline_planner.crew import DeadlinePlanner


def run() -> None:
    inputs = {
        "steps": "Draft the contract (5), have it reviewed (3), sign it (1)",
        "start": date.today().isoformat(),
        "country": "DE",
    }
    print(DeadlinePlanner().crew().kickoff(inputs=inputs))
