"""What `./mesh rotate`, `upgrade`, `import` and `recover` do."""
