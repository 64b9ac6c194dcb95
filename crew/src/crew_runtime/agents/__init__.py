"""The table of agents of a service: where they are declared, and which of them are served now."""
