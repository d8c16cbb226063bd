"""The apps as a service of JupyterHub: who somebody is says the hub, asked by its own library (`jupyterhub.services.auth`).

The hub gives a token for a person by OAuth; it lies in a signed cookie of the apps' path, and the hub is asked whose it is at most once a
minute. Other people's servers stand under the same name in a browser, so the library also wants the page's `_xsrf` with whatever a script
asks for: `tkFetch` of speak.js sends it.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado import web
from tornado.httputil import url_concat

from toolkit.apps.serving import users
from toolkit.apps.serving.identity import EndedHandler, way_back

TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"
CALLBACK = "oauth_callback"
"""Where the hub sends people back to, below the path of the apps."""
ASKED_AGAIN_SECONDS = 60
"""How long an answer of the hub is believed: a session that ended there has ended here after it."""
ENDED, REFUSED = "ended", "refused"
_WHY = "tk-signed-out"
"""Cookie: why somebody who was known is no longer let in. Who comes for the first time has none and is led straight to the hub."""


class HubIdentity(IdentityProvider):
    """Whoever the hub knows and lets use this service."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        token = os.environ.pop(TOKEN_VARIABLE, "")  # the service's own: no page's kernel has any business with it
        prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
        self.hub = HubOAuth(api_token=token, base_url=prefix, cache_max_age=ASKED_AGAIN_SECONDS, cookie_options={"samesite": "Lax"})

    async def get_user(self, handler: Any) -> User | None:  # type: ignore[override]
        """Return who asks; nobody where the hub does not know them or does not let them use this service.

        Raises
        ------
        HTTPError
            503: the hub does not answer.
        """
        came_with_one = bool(self.hub.get_token(handler))
        try:
            known = await self.hub.get_user(handler, sync=False)  # type: ignore[misc]
        except web.HTTPError as error:
            handler.current_user = handler._jupyter_current_user = None  # the page that says so asks for it
            raise web.HTTPError(503, "JupyterHub does not answer.") from error
        name = users.readable_name(known["name"]) if known else ""
        if name and self.hub.check_scopes(self.hub.access_scopes, known):
            return User(username=name, name=name, display_name=name)
        if (name or came_with_one) and handler.request.method == "GET" and _is_visit(handler):
            handler.set_cookie(_WHY, REFUSED if name else ENDED, path=self.hub.base_url, max_age=600, httponly=True, samesite="Lax")
        return None

    @property
    def login_available(self) -> bool:
        """No: people are known to the hub."""
        return False

    def way_in(self, handler: web.RequestHandler, there: str) -> str:
        """Return the hub's address that signs somebody in and sends them `there`; the state of that way goes into a cookie."""
        verifier, challenge, method = self.hub.generate_pkce_code_challenge()
        state = self.hub.set_state_cookie(handler, next_url=there, code_verifier=verifier)
        return url_concat(self.hub.login_url, {"state": state, "code_challenge": challenge, "code_challenge_method": method})


class SignInHandler(EndedHandler):
    """To the hub and back; for whom the hub no longer knows, or does not let in, first a page of ours in words."""

    @allow_unauthenticated
    def get(self) -> None:
        """Send them there, or say it."""
        there = way_back(self)
        why = self.get_cookie(_WHY, "")
        if why and not self.get_query_argument("go", ""):
            again = f"{self.base_url}login?{urlencode({'go': 1, 'next': there})}"
            self.tell(there, again, refused=why == REFUSED)
            return
        hub = self.identity_provider
        assert isinstance(hub, HubIdentity)
        self.clear_cookie(_WHY, path=hub.hub.base_url)
        self.redirect(hub.way_in(self, there))


class CallbackHandler(HubOAuthCallbackHandler):
    """The way back from the hub. A way that was begun before the app was started anew, or is another's, begins again on our own page."""

    def initialize(self, hub_auth: HubOAuth) -> None:
        """Take what speaks with the hub."""
        self.hub_auth = hub_auth

    def write_error(self, status_code: int, **_: Any) -> None:
        """Lead to the page that says it in words."""
        self.set_cookie(_WHY, ENDED, path=self.hub_auth.base_url, max_age=600, httponly=True, samesite="Lax")
        self.set_header("Location", f"{self.hub_auth.base_url}login")
        self.set_status(302)
        self.finish()


def _is_visit(handler: web.RequestHandler) -> bool:
    """Whether a person goes to a page, and no script asks for something (a browser says so where it is reached safely)."""
    return handler.request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
