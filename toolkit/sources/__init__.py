"""Where receipts come from: files, databases, the Complete Journey, a simulated shop."""
