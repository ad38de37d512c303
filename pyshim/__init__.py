"""gossl: TLS for Python by an engine in Go, under the interpreter's own ssl module.

    import gossl
    gossl.install()     # from here on `import ssl` is gossl, also in modules that have imported it before

or, for a program that is not to be changed, `python -m gossl script.py`; or, beside the interpreter's own ssl,
`from gossl import ssl`.

Neither importing gossl nor installing it loads the engine: the first context does.
"""

from __future__ import annotations

from . import _consts
from ._install import install, module, uninstall

__all__ = ["Status", "TrustStore", "__version__", "install", "ssl", "status", "trust_store", "uninstall", "version"]

__version__ = _consts.VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import ssl
    from ._load import trust_store
    from ._status import Status, TrustStore, status, version
else:

    def __getattr__(name: str) -> object:
        if name == "ssl":
            return module()
        if name == "trust_store":  # what is asked for now and then is not loaded with the package
            from . import _load

            return _load.trust_store
        if name in ("Status", "TrustStore", "status", "version"):
            from . import _status

            return getattr(_status, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
