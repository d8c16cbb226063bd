"""Where the apps are reached: the address they listen on, the path they stand below, and the proxy that may say who somebody is."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from toolkit.errors import BadValue
from toolkit.language import tr

HOST = "127.0.0.1"
SECRET_VARIABLE = "TOOLKIT_PROXY_SECRET"
"""Environment: what the proxy must send in `SECRET_HEADER`; without it whoever reaches the app from the proxy's address may name people."""
SECRET_HEADER = "X-Toolkit-Secret"
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,60}")
_PATH = re.compile(r"(/(?!\.)[\w.~-]+)*/?")

_OF_A_SERVICE = (
    "JUPYTERHUB_SERVICE_NAME",
    "JUPYTERHUB_SERVICE_PREFIX",
    "JUPYTERHUB_SERVICE_URL",
    "JUPYTERHUB_API_TOKEN",
    "JUPYTERHUB_CLIENT_ID",
)
"""What JupyterHub tells a service that it starts; a service that runs elsewhere is told it by its own environment."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Place:
    """What `toolkit app` was told of the place it runs at.

    `base_url` is a path that ends with `/`; `public` is scheme and host of the address that people type ("" = not told); `user_header` is
    the header in which one of the `proxies` names people ("" = nobody is named, and the token decides); `by_hub`: JupyterHub names them.
    """

    host: str = HOST
    base_url: str = "/"
    public: str = ""
    user_header: str = ""
    proxies: tuple[Network, ...] = ()
    secret: str = ""
    by_hub: bool = False

    @property
    def names_people(self) -> bool:
        """Whether a proxy or a hub says who somebody is, so that no page opens without a name."""
        return bool(self.user_header) or self.by_hub

    @property
    def is_local(self) -> bool:
        """Whether nobody but people at this machine reach it under its own names."""
        return not self.names_people and not self.public and is_loopback(self.host)

    @property
    def public_host(self) -> str:
        """The host that people type, without its port; "" where it was not told."""
        return urlsplit(self.public).hostname or ""

    def trusts(self, address: str) -> bool:
        """Say whether the machine at `address` may name people."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self.proxies)


def place_of(*, base_url: str = "", host: str = HOST, user_header: str = "", proxies: Collection[str] = (), token: bool = True) -> Place:
    """Return where the apps are reached, from what a person said.

    Raises
    ------
    BadValue
        It cannot be, or everybody who reaches the machine could read the figures.
    """
    told = urlsplit(base_url)
    if (base_url and not base_url.startswith("/") and told.scheme not in ("http", "https")) or not _PATH.fullmatch(told.path):
        raise BadValue(
            tr(
                "--base-url is a path such as /members, or an address such as https://shop.example/members, but {given!r} came.",
                given=base_url,
            )
        )
    if told.query or told.fragment or told.username or (told.scheme and not told.hostname):
        raise BadValue(tr("--base-url is an address without a question mark or a name in it, but {given!r} came.", given=base_url))
    if user_header and not _HEADER.fullmatch(user_header):
        raise BadValue(tr("--trust-proxy-user is the name of a header such as X-Forwarded-User, but {given!r} came.", given=user_header))
    if proxies and not user_header:
        raise BadValue(tr("--proxy says who may name people: say in which header as well (--trust-proxy-user X-Forwarded-User)."))
    if not token and not user_header and not is_loopback(host):
        raise BadValue(
            tr(
                "Without a token everybody who reaches {host} could read the figures. Leave --no-token out, or let a proxy name people "
                "(--trust-proxy-user).",
                host=host,
            )
        )
    return Place(
        host,
        f"/{told.path.strip('/')}/".replace("//", "/"),
        f"{told.scheme}://{told.netloc}" if told.scheme else "",
        user_header,
        tuple(map(_network, proxies or ("127.0.0.1", "::1"))) if user_header else (),
        os.environ.get(SECRET_VARIABLE, "") if user_header else "",
    )


def place_of_hub() -> tuple[Place, int]:
    """Return where a service of JupyterHub is reached, and the port it must listen on, from what the hub put into the environment.

    Raises
    ------
    BadValue
        It put nothing there: the app was not started as its service.
    """
    told = {name: os.environ.get(name, "") for name in _OF_A_SERVICE}
    if missing := [name for name, value in told.items() if not value]:
        raise BadValue(
            tr(
                "--jupyterhub is for an app that JupyterHub runs as its service (deploy/jupyterhub_config.py); the environment lacks "
                "{variables}.",
                variables=", ".join(missing),
            )
        )
    url, prefix = urlsplit(told["JUPYTERHUB_SERVICE_URL"]), told["JUPYTERHUB_SERVICE_PREFIX"]
    public = urlsplit(os.environ.get("JUPYTERHUB_PUBLIC_URL", ""))
    return (
        Place(url.hostname or HOST, f"/{prefix.strip('/')}/", f"{public.scheme}://{public.netloc}" if public.netloc else "", by_hub=True),
        url.port or 80,
    )


def is_loopback(host: str) -> bool:
    """Say whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadValue(
            tr("--proxy is an address such as 10.0.0.7, or a net such as 10.0.0.0/24, but {given!r} came.", given=text)
        ) from error
