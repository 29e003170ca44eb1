"""Write the data: ``python -m tests.chart_pods DIR``, a folder of packaged charts."""

from __future__ import annotations

import sys
from pathlib import Path

from machine.build import ensure
from tests.chart_pods import FOLDER, contents

if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m tests.chart_pods DIR")
    for name, text in contents(str(ensure(["helm"])["helm"]), Path(sys.argv[1])).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
