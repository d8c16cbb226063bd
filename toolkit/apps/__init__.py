"""The apps in the browser: state (no widgets), controls and menus (words), views (widgets, no rules), the server."""
