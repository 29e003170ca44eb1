"""The program's language host, for machines where Pulumi's own cannot be had.

The engine starts it like any language host, by the name ``pulumi-language-python`` on PATH, and
has it run the program for each preview and update. It is the server of the Automation API's inline
programs (`pulumi.automation`), with `program.program` as the program.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.automation._server import LanguageServer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2_grpc

from machine.parent import end_with_parent
from program import program


class LanguageHost(LanguageServer):
    """Runs the program for the engine at an address, as ``127.0.0.1:PORT``."""

    def __init__(self, engine: str) -> None:
        super().__init__(program)
        self._engine = engine

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program once, in the project's folder."""
        os.chdir(request.pwd)
        # Where the Automation API passes the address of its engine.
        request.args[:] = [self._engine]
        return super().Run(request, context)  # type: ignore[no-untyped-call]


def main() -> None:
    """Serve until the engine ends this process; the port is the only line printed."""
    # A run is short, and garbage collection costs a tenth of it.
    gc.disable()
    # The engine interrupts its plugins when a user interrupts it; it reports why by itself.
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
    end_with_parent()
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=_GRPC_CHANNEL_OPTIONS)
    host = LanguageHost(sys.argv[-1])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
