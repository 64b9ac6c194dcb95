"""Files of customers and documents of the agent, on their way in."""
