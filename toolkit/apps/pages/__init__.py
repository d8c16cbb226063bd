"""The pages of the apps: state without widgets, views without rules, the controls and panels around them."""
