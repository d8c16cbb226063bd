"""What a browser gets where there is nothing to give: a page in words, in the reader's language, wherever under our address it asked."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado import web
from voila.handler import BaseVoilaHandler

from toolkit import language
from toolkit.apps.serving.identity import language_of
from toolkit.language import later, tr

_WORDS = {
    403: (
        later("This page is not yours to open"),
        later("It belongs to somebody else, or your session has ended. Begin again from the first page."),
    ),
    404: (
        later("There is no such page"),
        later("The address may be cut off or mistyped, or the page is gone. What you kept or launched is kept."),
    ),
}
_ELSE = (
    later("This page cannot be shown"),
    later("Load it again. If it stays so, tell the person who runs the app, with the number {code}."),
)


class InWords(BaseVoilaHandler):
    """Pages whose faults are told in words; Jupyter's own page of errors is English and of its own making."""

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what is wrong, and lead back."""
        title, text = _WORDS.get(status_code, _ELSE)
        try:
            code = language_of(self)
        except web.HTTPError:  # an address that cannot be read
            code = language.current()
        if not hasattr(self, "_current_user"):  # it went wrong before anybody was asked who asks
            self.current_user = None
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        with language.speaking(code):
            said = tr(text, code=status_code) if text is _ELSE[1] else tr(text)
            self.finish(self.render_template("error.html", title=tr(title), said=said, language=code, tr=tr))


class LostHandler(InWords):
    """An address that nothing answers to; asked of nobody who they are, since it tells nothing."""

    @allow_unauthenticated
    async def prepare(self) -> None:  # type: ignore[override]
        """Say that it is not there, whatever was asked of it."""
        raise web.HTTPError(404)

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here that somebody else could make a browser do."""
