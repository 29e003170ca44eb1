"""Write the data: ``python -m tests.contracts.values DIR [VERSION]``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.contracts.values import FOLDER, content

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m tests.contracts.values DIR [VERSION]")
    version = sys.argv[2] if len(sys.argv) == 3 else None
    for name, text in content(Path(sys.argv[1]), version).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
