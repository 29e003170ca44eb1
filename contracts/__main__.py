"""Write the page: ``python -m contracts``."""

from __future__ import annotations

from contracts.page import PAGE, page_text

if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
