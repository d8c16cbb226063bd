"""What `pip install retail-member-toolkit` puts on a disk: a fresh environment without extras, its packages by weight, the bar.

    python benchmarks/weight.py                    the plain installation; exit code 1 if it weighs more than 350 MB
    python benchmarks/weight.py --extra notebook   with an extra, to see what it adds (no bar)

Bytes of the files as installed, before Python compiles any (MB = a million bytes). Needs uv, which `make setup` brings, and a network.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BAR = 350e6
LARGE = 5e6


def weights(extras: str) -> Counter[str]:
    """Return bytes by package folder of a fresh environment with the project and these extras (comma-separated)."""
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        project = f"{ROOT}[{extras}]" if extras else str(ROOT)
        subprocess.run([uv, "pip", "install", "--quiet", "--system-certs", "--python", folder, project], check=True)
        site = next(Path(folder).rglob("site-packages"))
        packages: Counter[str] = Counter()
        for file in site.rglob("*"):
            if file.is_file():
                packages[file.relative_to(site).parts[0]] += file.stat().st_size
    return packages


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", default="", metavar="NAMES")
    extras = parser.parse_args().extra
    packages = weights(extras)
    for name, size in packages.most_common():
        if size >= LARGE:
            print(f"{size / 1e6:7.1f} MB  {name}")
    rest = [size for size in packages.values() if size < LARGE]
    total = packages.total()
    print(
        f"{sum(rest) / 1e6:7.1f} MB  {len(rest)} smaller ones\n{total / 1e6:7.1f} MB  in all"
        + ("" if extras else f" (bar {BAR / 1e6:.0f})")
    )
    return 1 if not extras and total > BAR else 0


if __name__ == "__main__":
    raise SystemExit(main())
