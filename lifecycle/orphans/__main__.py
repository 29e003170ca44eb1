"""Serves the provider ``mesh`` to the engine."""

from lifecycle.orphans.provider import main

if __name__ == "__main__":
    main()
