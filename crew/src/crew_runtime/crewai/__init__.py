"""The adapter to CrewAI, which is loaded in workers only: builds the crew and runs one job."""
