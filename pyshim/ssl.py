"""`import gossl.ssl`: the interpreter's ssl module over gossl, installed or beside the interpreter's own."""

import sys
from typing import TYPE_CHECKING

from ._install import module

if TYPE_CHECKING:
    from ssl import *  # noqa: F403

sys.modules[__name__] = module()
