"""How gossl's objects and those of another ssl module in the same process know each other.

The other one is the interpreter's own, with whatever truststore, gevent and the like have put into it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._context import _SSLContext

# In the __dict__ of a context of the other module: what stands behind it (see _late.py).
BEHIND = "_gossl"


def also(cls: type, name: str, ours: type) -> type:
    """The class which isinstance() shall find in an object of cls: the other ssl module's class of that name.

    asyncio, uvloop, aiohttp and others ask isinstance(context, ssl.SSLContext) before they take a context. It is cls
    itself if there is no other ssl module, which is one whose class is not derived from ours.
    """
    other = getattr(sys.modules.get("ssl"), name, None)
    return other if isinstance(other, type) and cls is not ours and ours not in other.__mro__ else cls


def engine_of(context: object) -> _SSLContext | None:
    """Our context: itself, or the one behind a context of the other module; None if it is neither."""
    from ._context import _SSLContext

    if isinstance(context, _SSLContext):
        return context
    behind: Any = getattr(context, "__dict__", {}).get(BEHIND)
    return None if behind is None else behind.config(context)
