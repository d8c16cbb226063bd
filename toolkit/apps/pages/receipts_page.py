"""The page "Receipts in": it opens on a workspace that has no receipts yet, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.page import Page, Tab, _title
from toolkit.apps.pages.receipts_view import ReceiptsView
from toolkit.apps.pages.receiving import Receiving, open_receiving
from toolkit.language import later, tr

__all__ = ["open_receiving", "receipts_page"]


class _ReceiptsPage(Page):
    """A page on a door instead of a shop that is there."""

    def _told(self) -> str:
        return self.state.told()

    def _tell(self) -> None:
        super()._tell()  # called whenever the door has changed: what came in is told below the title
        self.heading.value = _title(self.title, self._told())

    def _state_anew(self) -> Any:
        return self.state


def receipts_page(receiving: Receiving) -> Page:
    """Return the page of the receipts: files in, questions answered, first figures, import."""

    def parts(receiving: Receiving, _page: Page) -> tuple[Sequence[Tab], Guard]:
        receiving.unobserve_all()  # of a page in another language
        view = ReceiptsView(receiving)
        tab = Tab(
            "receipts", tr("Receipts in"), view,
            query=lambda: "", go=lambda _query: None, observed=receiving, trait="version", opened=view.opened,
        )  # fmt: skip
        return [tab], view.guard

    return _ReceiptsPage(later("Receipts in"), receiving, parts)
