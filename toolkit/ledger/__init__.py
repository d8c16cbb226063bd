"""The ledger: campaigns frozen at launch, campaigns told by the shop's own tables, and the lessons of both."""
