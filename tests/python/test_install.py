"""Switching gossl on and off, and running programs on it."""

import os
import subprocess
import sys
import tempfile
import unittest


def python(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


NAME = "import ssl; print('gossl' in ssl.OPENSSL_VERSION)"


class TestSwitch(unittest.TestCase):
    def test_importing_loads_nothing(self) -> None:
        code = "import gossl; gossl.install(); import ssl; from gossl import _lib; print(_lib.loaded())"
        self.assertEqual(python("-c", code), "None")

    def test_status_tells_where_trust_comes_from(self) -> None:
        code = "import gossl; s = gossl.status(); print(s.trust, s.loaded, s.mode == '', s.switched)"
        self.assertEqual(python("-c", code, SSL_CERT_FILE="/x"), "environment False True []")
        self.assertEqual(python("-c", code, GOSSL_TRUST="mozilla"), "mozilla False True []")

    def test_install_and_uninstall_before_ssl_is_imported(self) -> None:
        code = """
import sys, gossl
gossl.install()
import ssl
assert "gossl" in ssl.OPENSSL_VERSION and gossl.status().mode == "start", gossl.status()
made = ssl.create_default_context()
gossl.uninstall()
import ssl as stock
assert ssl is stock and "gossl" not in stock.OPENSSL_VERSION and not gossl.status().installed
assert isinstance(made, stock.SSLContext)
try:
    made.wrap_bio(stock.MemoryBIO(), stock.MemoryBIO(), server_hostname="x").do_handshake()
except gossl.ssl.SSLWantReadError:
    print("one class")
"""
        self.assertEqual(python("-c", code), "one class")

    def test_modules_scripts_and_code(self) -> None:
        self.assertEqual(python("-m", "gossl", "-c", NAME), "True")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "program.py")
            with open(path, "w") as f:
                f.write(NAME + "; import sys; print(sys.argv[1:], __name__)")
            self.assertEqual(python("-m", "gossl", path, "-x", "y"), "True\n['-x', 'y'] __main__")
        self.assertIn("usage", python("-m", "gossl", "-m", "http.server", "--help"))

    def test_started_processes_inherit(self) -> None:
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {NAME!r}])"
        self.assertEqual(python("-m", "gossl", "-c", code), "True")

    def test_without_the_interpreters_own_ssl(self) -> None:
        code = "import sys; sys.modules['_ssl'] = None; import gossl; gossl.install(); " + NAME
        self.assertEqual(python("-c", code), "True")


if __name__ == "__main__":
    unittest.main()
