"""What verbs need of a machine: folders, private files, locks, progress, and built programs."""
