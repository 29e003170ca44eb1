"""Changes of a mesh that take several steps: where it is in one, what is missing, what is next."""
