"""One job after another for an agent's author, without endpoints, identifier and payments."""
