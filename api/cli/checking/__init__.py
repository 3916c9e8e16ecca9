"""What `ordain check` knows beside the texts: what has decided already, and what ends soon."""
