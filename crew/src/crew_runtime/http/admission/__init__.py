"""Who asks, and how often anybody may."""
