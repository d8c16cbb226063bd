"""What the questions of this step measure: frames in, frames out; the questions themselves stand one folder up."""
