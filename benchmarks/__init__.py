"""What the program costs, measured beside the same work done by hand. Never part of the tests."""
