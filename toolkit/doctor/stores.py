"""Where backups lie: a folder, or an object store that pyarrow speaks with (`s3://bucket/folder`, `gs://`, `abfs://`).

A name is there with all of its content or not at all: a file by its renaming, an object since its store shows whole ones only.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Protocol

from toolkit.atomic import synced, written_beside
from toolkit.errors import WorkspaceError, shorten
from toolkit.extras import require
from toolkit.integrity import Seal, seal_of
from toolkit.language import tr

_PIECE = 1 << 20


class Store(Protocol):
    """Files by name; what cannot be reached is an OSError."""

    def put(self, name: str, path: Path) -> Seal:
        """Write a file under a name, its owner's alone, and return what is there now."""
        ...

    def get(self, name: str, path: Path) -> None:
        """Write what has a name into a file that is there and empty."""
        ...

    def size(self, name: str) -> int | None:
        """Return how large it is, None where nothing has the name."""
        ...

    def listed(self) -> list[PurePath]:
        """Return the lists of backups, the earliest first."""
        ...

    def finished(self) -> None:
        """Wait until all names are kept."""
        ...


def store_of(address: Path | str) -> Store:
    """Return the store at an address: a folder, or the address of an object store.

    Raises
    ------
    WorkspaceError, MissingExtra
        pyarrow knows no such store; pyarrow is not installed.
    """
    return _Objects(str(address)) if "://" in str(address) else _Folder(Path(address))


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, path: Path) -> Seal:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(place, private=True) as part:
            shutil.copyfile(path, part)
            return seal_of(part)

    def get(self, name: str, path: Path) -> None:
        shutil.copyfile(self.folder / name, path)

    def size(self, name: str) -> int | None:
        try:
            return (self.folder / name).stat().st_size
        except OSError:
            return None

    def listed(self) -> list[PurePath]:
        return [*sorted(self.folder.glob("backup-*.json"))]

    def finished(self) -> None:
        contents = self.folder / "contents"
        for place in [contents, *contents.iterdir()]:
            synced(place)


class _Objects:
    def __init__(self, address: str) -> None:
        require("databases")
        import pyarrow
        from pyarrow import fs

        try:
            self.system, root = fs.FileSystem.from_uri(address)
        except (pyarrow.ArrowInvalid, OSError, ValueError) as error:
            raise WorkspaceError(
                tr("{address} is no place for backups: {fault}", address=address, fault=shorten(str(error), 200))
            ) from None
        self.root = PurePosixPath(root)

    def _place(self, name: str) -> str:
        return str(self.root / name)

    def put(self, name: str, path: Path) -> Seal:
        place = self._place(name)
        self.system.create_dir(str(PurePosixPath(place).parent), recursive=True)
        with path.open("rb") as file, self.system.open_output_stream(place) as stream:
            shutil.copyfileobj(file, stream, _PIECE)
        return self._seal(place)

    def _seal(self, place: str) -> Seal:
        """What is there, read back."""
        digest, size = hashlib.sha256(), 0
        with self.system.open_input_stream(place) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return Seal(digest.hexdigest(), size)

    def get(self, name: str, path: Path) -> None:
        with self.system.open_input_stream(self._place(name)) as stream, path.open("wb") as file:
            shutil.copyfileobj(stream, file, _PIECE)

    def size(self, name: str) -> int | None:
        found: Any = self.system.get_file_info(self._place(name))
        return found.size if found.is_file else None

    def listed(self) -> list[PurePath]:
        from pyarrow import fs

        found = self.system.get_file_info(fs.FileSelector(str(self.root), allow_not_found=True))
        paths = [PurePosixPath(one.path) for one in found if one.is_file]
        return sorted(path for path in paths if path.match("backup-*.json"))

    def finished(self) -> None:
        """An object is kept before it is there."""
