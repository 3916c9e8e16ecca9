"""The verifier: says whether a ledger is what was written and signed, from the stored bytes alone.

It shares no code with the writer. What the one gets wrong the other must not get wrong in the same way, so hashing,
signed notes, canonical JSON and the opening of payloads are written a second time here, against the same documents:
RFC 6962 and 9162 (tree), c2sp.org/signed-note, tlog-checkpoint, tlog-tiles and tlog-proof, RFC 8785 (canonical JSON).
It imports nothing of `audit` outside this folder; a test holds that.
"""
