"""The verbs of `./mesh`. Every module imports what is slow to import only when it is needed."""
