"""Why a token cannot be judged yet."""


class KidUnknown(Exception):
    """A token names a signing key (`kid`, RFC 7515 section 4.1.4) that is not known: it may be a new one."""
