import gzip
import zipfile

import pytest

from toolkit.errors import DataError
from toolkit.sources.written import packing
from toolkit.sources.written.packing import WrongEncoding, line_blocks, read_pieces, read_start

TEXT = b"a;b\n1;2\n"


def test_the_start_of_a_file_is_unpacked(tmp_path) -> None:
    (tmp_path / "plain").write_bytes(TEXT)
    (tmp_path / "packed").write_bytes(gzip.compress(TEXT))
    with zipfile.ZipFile(tmp_path / "zipped", "w") as archive:
        archive.mkdir("folder")
        archive.writestr("folder/a.csv", TEXT)
    for name, is_packed in (("plain", False), ("packed", True), ("zipped", True)):
        start = read_start(tmp_path / name)
        assert (start.bytes, start.is_packed, start.is_whole, start.is_parquet) == (TEXT, is_packed, True, False)
        assert b"".join(read_pieces(tmp_path / name)) == TEXT


def test_parquet_is_known_by_its_first_bytes_and_only_unpacked(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"PAR1...")
    (tmp_path / "b").write_bytes(gzip.compress(b"PAR1..."))
    assert read_start(tmp_path / "a").is_parquet
    assert not read_start(tmp_path / "b").is_parquet


def test_a_long_file_shows_its_start_only(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (packing.START_BYTES + 1))
    start = read_start(tmp_path / "a")
    assert len(start.bytes) == packing.START_BYTES
    assert not start.is_whole


@pytest.mark.parametrize(
    "content", [gzip.compress(TEXT * 100, mtime=0)[:-12], b"\x1f\x8b no gzip", b"PK\x03\x04 no zip"], ids=["cut", "gzip", "zip"]
)
def test_a_damaged_packed_file_is_named(tmp_path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.gz is damaged .*; fetch or pack it again\."):
        list(read_pieces(tmp_path / "a.gz"))


def test_a_zip_with_several_files_is_refused(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    with pytest.raises(DataError, match=r"holds 2 files; a zip with exactly one was needed"):
        read_start(tmp_path / "a.zip")


def test_blocks_are_whole_lines_whatever_the_pieces() -> None:
    text = "Größe;牛奶\nKäse;1\nlast line".encode("gb18030")
    for size in (1, 2, 3, 7, 100):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        blocks = list(line_blocks([*pieces, b""], "gb18030"))
        assert all(block.endswith(b"\n") for block, _ in blocks if block)
        assert b"".join(block for block, _ in blocks).decode() == "Größe;牛奶\nKäse;1\nlast line\n"
        assert [last for _, last in blocks] == [False] * (len(blocks) - 1) + [True]


def test_spaces_become_tabs_and_old_line_ends_line_feeds() -> None:
    assert b"".join(block for block, _ in line_blocks([b" 1   2 \r 3  4\r", b""], "utf-8", squeeze=True, old_mac=True)) == b"1\t2\n3\t4\n"


def test_bytes_that_do_not_decode_are_placed() -> None:
    with pytest.raises(WrongEncoding) as caught:
        list(line_blocks([b"a\nb\n", b"c\nK\xe4se\n", b""], "utf-8"))
    assert (caught.value.offset, caught.value.line) == (7, 4)
    assert b"K\xe4se" in caught.value.around
