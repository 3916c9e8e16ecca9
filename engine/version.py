"""The version of Ordain, which each entry of the ledger names."""

VERSION = "0.1.0"
