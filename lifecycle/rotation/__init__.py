"""The rotation of a trust anchor: where it is, what is missing, and the next edit of the file."""
