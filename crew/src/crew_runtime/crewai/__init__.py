"""The adapter to CrewAI: builds a declared crew, asks the model, runs one job."""
