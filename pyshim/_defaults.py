"""Contexts that libraries make for everybody when they are imported, and that are made anew after a late install().

They would stay with OpenSSL else, and with them all that the library does by default.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _requests(adapters: Any) -> Any:
    context = adapters.create_urllib3_context()
    context.load_verify_locations(adapters.extract_zipped_paths(adapters.DEFAULT_CA_BUNDLE_PATH))
    return context


# Module and attribute, and how that module makes it.
_MAKERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("aiohttp.connector", "_SSL_CONTEXT_VERIFIED"): lambda connector: connector._make_ssl_context(True),
    ("aiohttp.connector", "_SSL_CONTEXT_UNVERIFIED"): lambda connector: connector._make_ssl_context(False),
    ("requests.adapters", "_preloaded_ssl_context"): _requests,  # 2.32.0 to 2.32.4
}
_old: dict[tuple[str, str], Any] = {}


def renew() -> None:
    """Makes them anew where the library is loaded and still has one."""
    for (module, name), make in _MAKERS.items():
        owner = sys.modules.get(module)
        old = getattr(owner, name, None)
        if old is not None:
            _old[module, name] = old
            setattr(owner, name, make(owner))


def put_back() -> None:
    while _old:
        (module, name), value = _old.popitem()
        setattr(sys.modules[module], name, value)


def renewed() -> list[str]:
    return sorted(f"{module}.{name}" for module, name in _old)
