"""The apps beside your people's notebooks: a service of JupyterHub, which says who somebody is (docs/how-to/team.md).

Take it into your own file with `load_subconfig("/path/to/deploy/jupyterhub_config.py")`, or copy what you need.
"""

import os

c = get_config()  # noqa: F821 - given by JupyterHub  # pyright: ignore[reportUndefinedVariable]

toolkit = os.environ.get("TOOLKIT", "toolkit")  # of an installation with the extra `hub`; the hub itself may live in another one
workspace = os.environ.get("TOOLKIT_WORKSPACE", "/srv/shop/workspace")
port = os.environ.get("TOOLKIT_PORT", "8866")

c.JupyterHub.services = [
    {
        "name": "members",  # reached at /services/members/
        "url": f"http://127.0.0.1:{port}",
        "command": [toolkit, "app", workspace, "--no-browser", "--jupyterhub"],
        "environment": {name: value for name, value in os.environ.items() if name.startswith("TOOLKIT_APP_")},
        "timeout": 300,  # seconds: a large workspace is read before the first page; a hub that waits in vain ends
        "oauth_no_confirm": True,  # nobody is asked whether the shop's own pages may know their name
    }
]
# Who may open the pages. What they may do there stands in the workspace's documents/roles.toml, under the hub's names.
c.JupyterHub.load_groups = {"members": {"users": []}}
c.JupyterHub.load_roles = [
    {"name": "members", "groups": ["members"], "scopes": ["access:services!service=members"]},
]
