"""The stack file as a whole: the mesh, its clusters, its charts."""
