"""Documents by which others find out what an agent is and how it is asked."""
