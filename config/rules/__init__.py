"""Rules between parts of a stack file."""
