"""What operators are told, on a port of their own."""
