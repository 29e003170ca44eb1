"""Serves the provider to the engine that starts this program, until that ends it."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version

from pulumi.provider.experimental.server import main

from machine.parent import end_with_parent
from tls_provider.provider import TlsPlugin

if __name__ == "__main__":
    # An engine that runs in the background may have handed on that it ignores interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    # What follows the plus sign has no rank: it has the interface of that version.
    main(sys.argv[1:], f"{version('pulumi-tls')}+stand-in", TlsPlugin())
