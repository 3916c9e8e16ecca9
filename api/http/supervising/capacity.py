"""How many connections a worker holds open at once: what the settings ask for, as far as its open files allow."""

from __future__ import annotations

import logging
import resource

from ordain.api.limits import LIMITS

_LOG = logging.getLogger("ordain")


def connections_for(asked: int) -> int:
    """Connections for each worker that is started from here on; says so when they are fewer than `asked`.

    For them this process may open as many files as the system lets it. With more connections than files a server is
    busy with those that it cannot accept.
    """
    wanted = asked + LIMITS.own_files
    may, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if may != resource.RLIM_INFINITY and may < wanted:
        may = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, most))
    if may == resource.RLIM_INFINITY or may >= wanted:
        return asked
    room = max(1, may - LIMITS.own_files)
    _LOG.warning(
        "each worker holds %d connections at once and not %d, as the setting `connections` has it: "
        "a process may open %d files here (ulimit -Hn), of which it keeps %d for itself",
        *(room, asked, may, LIMITS.own_files),
    )
    return room
