"""What became of a crew: its result, and what failed where."""
