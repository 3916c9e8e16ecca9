"""What Ordain itself has in a `.dmn` file, for what DMN has no place for."""

OWN = "urn:ordain"
"""The namespace of the attributes `effective`, `until` and `owner` of `definitions`, and of the element `model`."""
