"""Where a mesh is in a change: `./mesh rotate`, `upgrade`, `import`, `recover` and `sweep`."""
