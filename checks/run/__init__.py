"""All checks of a mesh, and the report."""
