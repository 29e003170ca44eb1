"""Which addresses answer, within a set time."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from charts.internet import unreachable


class Answers(http.server.BaseHTTPRequestHandler):
    """A server whose paths are the status codes that it answers with; /never does not answer."""

    patience = threading.Event()

    def do_HEAD(self) -> None:
        if self.path == "/never":
            self.patience.wait(30)
            return
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Answers.patience.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Answers.patience.set()
        server.shutdown()
        thread.join()


def refusing() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def test_addresses_that_answer_are_distinguished_from_those_that_do_not(site: str) -> None:
    nowhere = refusing()
    found = unreachable([f"{site}/200", f"{site}/401", f"{site}/503", nowhere], limit=20)
    assert set(found) == {f"{site}/503", nowhere}
    assert "503" in found[f"{site}/503"]
    assert "refused" in found[nowhere]


def test_an_address_that_never_answers_is_given_up(site: str) -> None:
    found = unreachable([f"{site}/never", f"{site}/200"], limit=0.5)
    assert list(found) == [f"{site}/never"]
