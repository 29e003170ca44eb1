"""What `./mesh rotate`, `upgrade`, `import` and `recover` do: where a mesh is in a change."""
