"""Personal data: members forgotten, receipts that lose their members with age, workspaces for analysts."""
