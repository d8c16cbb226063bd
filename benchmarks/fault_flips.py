"""One bit of one file is turned: does every question give the same figures as before, or say in a sentence what is wrong?"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fault_shop import CALLS, forget_what_was_read, told

_NUMBERS = re.compile(r"[0-9a-f]{64}|\d[\d-]*")
_NOTES = {"documents": "documents/{name} (known since", "campaigns": "Changed after launch, so that who is in it is not known"}
"""What an answer says that is of what is left: a text that was edited, a campaign that is not as launched."""
_NOT_DATA = (".lock", ".lease")


@dataclass
class Flips:
    """What became of the bits that were turned."""

    tried: int = 0
    same: int = 0
    said: int = 0
    different: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """Where other figures came without a word, or something that is no sentence."""
        return [*self.different, *self.raised]


def kinds(workspace: Path) -> dict[str, list[Path]]:
    """Return the files of a workspace by kind: those whose paths differ in numbers and digests alone are of one."""
    found: dict[str, list[Path]] = {}
    for path in sorted(workspace.rglob("*")):
        if path.is_file() and not path.name.endswith(_NOT_DATA):
            name = path.relative_to(workspace).as_posix()
            found.setdefault(_NUMBERS.sub("#", re.sub(r"derived/([a-z_-]+?)-.*", r"derived/\1", name)), []).append(Path(name))
    return found


def turn(path: Path, rng: random.Random) -> str:
    """Turn one bit of a file, and return which."""
    content = bytearray(path.read_bytes())
    at, bit = rng.randrange(len(content)), rng.randrange(8)
    content[at] ^= 1 << bit
    path.write_bytes(content)
    return f"bit {bit} of byte {at:,} of {len(content):,}"


def _made_of(kind: str, workspace: Path) -> list[Path]:
    """What is made of files of a kind: without it they are read, and not what was made of them before."""
    if kind.startswith(("lines", "codes", "tables")):
        return [workspace / "mart"]
    if re.match(r"mart/#/(orders|members|member_category|products|categories|mart)", kind):
        return [folder for name in ("derived", "baskets") for folder in workspace.glob(f"mart/*/{name}")]
    return []


def flips(shop: Path, beside: Path, *, times: int, calls: tuple = CALLS, only: str = "", seed: int = 0) -> Iterator[tuple[str, Flips]]:
    """Yield per kind of file what became of `times` turned bits, each in a copy of the shop of its own."""
    rng = random.Random(seed)
    before = told(shop, calls)
    for kind, paths in kinds(shop).items():
        if not re.search(only, kind):
            continue
        result = Flips()
        for _ in range(times):
            copy = beside / "flipped"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(shop, copy)
            path = rng.choice(paths)
            if not (copy / path).stat().st_size:
                continue
            forget_what_was_read()
            told(copy, calls[:1])  # what was looked at before is trusted by its time and size: the harder case
            where = f"{path}: {turn(copy / path, rng)}"
            for above in _made_of(kind, copy):
                shutil.rmtree(above)
            forget_what_was_read()
            result.tried += 1
            try:
                after = {name: text.replace(str(copy), str(shop)) for name, text in told(copy, calls).items()}
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                result.raised.append(f"{where}: {type(error).__name__}: {str(error)[:200]}")
                continue
            noted = _NOTES.get(path.parts[0], "no such note").format(name=path.name)
            other = [name for name, text in after.items() if text != before[name] and not text.startswith("!") and noted not in text]
            if other:
                result.different.append(f"{where}: {', '.join(other)}")
            elif after == before:
                result.same += 1
            else:
                result.said += 1
        yield kind, result
