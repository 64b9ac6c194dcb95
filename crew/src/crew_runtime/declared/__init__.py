"""What an agent declares (crew.json), read and checked."""
