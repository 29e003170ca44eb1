"""Entry point of the program in a language host of Pulumi."""

import gc
import os
import signal

from program import program

# A run is short, and garbage collection costs a tenth of it.
gc.disable()
# The engine interrupts the program when a resource fails; a traceback would bury its error.
signal.signal(signal.SIGINT, lambda *_: os._exit(1))

program()
