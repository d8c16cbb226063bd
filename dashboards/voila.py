"""Voila's settings for the apps; `toolkit app` reads them and adds address, token and the paths of this machine."""

import os

c = get_config()  # noqa: F821 - given by Voila

c.VoilaConfiguration.template = "toolkit"
c.VoilaConfiguration.theme = "light"
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.show_tracebacks = False
# The page brings all it needs: no file of this folder is ever handed out.
c.VoilaConfiguration.file_allowlist = []
c.VoilaConfiguration.extension_allowlist = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
# One page is worked out ahead, so that it opens at once; the next one is made while the first is read.
c.VoilaConfiguration.preheat_kernel = os.environ.get("TOOLKIT_APP_AHEAD", "1") == "1"  # not of a workspace without receipts
c.VoilaKernelManager.preheat_denylist = ["receipts.ipynb"]  # few open it, and seldom
c.VoilaConfiguration.default_pool_size = 1
c.VoilaKernelManager.fill_delay = 2.0  # seconds: the page that was just asked for has the processors to itself

c.VoilaExecutor.cell_error_instruction = "The app could not open. Tell the person who runs it: its terminal has the details."
# Seconds that the server may need to take in what a cell shows. On a busy machine the 600 widgets of a page take longer than the usual
# four; what comes later is thrown away, and the page stays at its dots although everything behind it works.
c.VoilaExecutor.iopub_timeout = 60
# A page whose browser is never heard of gives its memory back after ten minutes (or TOOLKIT_APP_IDLE seconds), one whose connections are
# all closed after one (`toolkit.apps.serving.kernels`).
idle = int(os.environ.get("TOOLKIT_APP_IDLE", "600"))
c.VoilaConfiguration.multi_kernel_manager_class = "toolkit.apps.serving.kernels.Kernels"
c.MappingKernelManager.cull_idle_timeout = idle
c.MappingKernelManager.cull_interval = max(1, min(30, idle // 2))
c.Kernels.left_timeout = min(60, idle)
c.MappingKernelManager.cull_connected = False
# A kernel that died is not started anew: the page's work was in it, and its page says so. (One that is just being started anew cannot be
# ended by a page that is closed in that moment.)
c.KernelRestarter.restart_limit = 0

# A page asks for all of its widgets at once: what is over the limit would be dropped, and the page would wait for it for ever.
c.ZMQChannelsWebsocketConnection.limit_rate = False

# A link in a mail opens the page for who is known here (Lax); no other site's page sends anything in their name.
c.IdentityProvider.cookie_options = {"samesite": "Lax", "httponly": True}
c.IdentityProvider.get_secure_cookie_kwargs = {"max_age_days": 7}
c.Voila.tornado_settings = {
    "xsrf_cookie_kwargs": {"samesite": "Strict"},
    "allow_remote_access": False,  # a page of another site cannot reach the app under a name of its own
    "headers": {
        # Scripts: files of this server, and those on a page that carry the nonce of that one answer (the server adds it). Styles stay
        # 'unsafe-inline': Jupyter's widgets set them on their elements.
        "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'",
        # Not `no-referrer`: a page without an origin may not end its kernel when it is closed.
        "Referrer-Policy": "same-origin",
    },
}
