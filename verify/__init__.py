"""`./mesh verify`: real requests through the mesh, asked by small pods and judged here."""
