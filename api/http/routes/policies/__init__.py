"""The routes of policies: read, edited, stepped, rolled out, tried on the past."""
