from crewai import Agent, Crew, Process, Task
from crewai.agents.agent_builder.base_agent import BaseAgent
from crewai.project import CrewBase, agent, crew, task

from deadline_planner.tools.working_days import WorkingDays


@CrewBase
class DeadlinePlanner:
    """Dates each step with a tool, because models miscount days, and then writes the plan."""

    agents: list[BaseAgent]
    tasks: list[Task]

    @agent
    def scheduler(self) -> Agent:
        return Agent(config=self.agents_config["scheduler"], tools=[WorkingDays()])  # type: ignore[index]

    @agent
    def editor(self) -> Agent:
        return Agent(config=self.agents_config["editor"])  # type: ignore[index]

    @task
    def schedule(self) -> Task:
        return Task(config=self.tasks_config["schedule"])  # type: ignore[index]

    @task
    def plan(self) -> Task:
        return Task(config=self.tasks_config["plan"], markdown=True)  # type: ignore[index]

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks, process=Process.sequential)
