"""The verbs of `./mesh`, one module each."""
