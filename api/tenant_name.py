"""What a tenant may be called."""

from __future__ import annotations

import re

TENANT_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
SAID = "small letters, digits and hyphens, a letter first, 63 at the most"
