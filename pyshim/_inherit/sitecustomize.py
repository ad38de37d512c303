"""Installs gossl in a Python process that `python -m gossl` started, and then does what the usual sitecustomize does.

The directory of this file is on PYTHONPATH then. Another interpreter may find it too, so it is written for all of them.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _install() -> None:
    import importlib.util

    folder = os.path.dirname(_here)
    if "gossl" not in sys.modules:
        init = os.path.join(folder, "__init__.py")
        spec = importlib.util.spec_from_file_location("gossl", init, submodule_search_locations=[folder])
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["gossl"] = module
        spec.loader.exec_module(module)
    sys.modules["gossl"].install()


def _chain() -> None:
    """Runs the sitecustomize that this one hides."""
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        if ours is not None:
            sys.modules["sitecustomize"] = ours


if os.environ.get("GOSSL") == "1" and sys.version_info >= (3, 10):
    _install()
_chain()
