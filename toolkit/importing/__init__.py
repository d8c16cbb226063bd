"""Receipts in: from a mapped source to live files of a workspace, all or nothing."""

from toolkit.importing.run import ImportReport, check_receipts, import_receipts

__all__ = ["ImportReport", "check_receipts", "import_receipts"]
