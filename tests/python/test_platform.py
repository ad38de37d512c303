"""Where gossl cannot run, it says so in one sentence; and all say the same version."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import gossl

ROOT = Path(__file__).resolve().parent.parent.parent

SIMULATED = """
import sys, types
sys.implementation = types.SimpleNamespace(**{**vars(sys.implementation), "_multiarch": %r})
import sysconfig
sysconfig.get_config_var = lambda name: %r if name == "HOST_GNU_TYPE" else None
import gossl
gossl.install()
import ssl
try:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
except ImportError as e:
    print(e)
else:
    print("loaded")
"""


def said(multiarch: str, host: str) -> str:
    code = SIMULATED % (multiarch, host)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=os.environ, check=False
    )
    return done.stdout.strip() or done.stderr


class TestMusl(unittest.TestCase):
    def test_it_is_refused_with_the_reason(self) -> None:
        for multiarch, host in (("x86_64-linux-musl", ""), ("", "aarch64-unknown-linux-musl")):
            self.assertRegex(said(multiarch, host), "^gossl cannot run on musl .*glibc")

    def test_glibc_is_not(self) -> None:
        self.assertEqual(said("x86_64-linux-gnu", ""), "loaded")
        self.assertEqual(said("", "x86_64-pc-linux-gnu"), "loaded")


class TestVersion(unittest.TestCase):
    def test_package_library_and_project_have_one(self) -> None:
        version = gossl.__version__
        self.assertRegex(gossl.version(), rf"^gossl {re.escape(version)} \(library: gossl {re.escape(version)} \(go")
        if (ROOT / "pyproject.toml").exists():
            self.assertIn(f'\nversion = "{version}"\n', (ROOT / "pyproject.toml").read_text())
            self.assertIn(f"\n## {version}", (ROOT / "CHANGELOG.md").read_text())


if __name__ == "__main__":
    unittest.main()
