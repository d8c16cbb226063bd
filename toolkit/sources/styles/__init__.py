"""How numbers and times are written, and their exact reading."""
