"""How the bytes of a text file are written: packed or not, in which encoding, with which delimiter, the header where."""
