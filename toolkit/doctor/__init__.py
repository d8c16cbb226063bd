"""What is wrong with a workspace on disk, in words; what can be made again is, and what cannot is named."""
