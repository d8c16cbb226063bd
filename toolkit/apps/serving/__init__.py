"""The server of the apps: the entry page, forked kernels, tables made ahead."""
