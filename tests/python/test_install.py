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

    def test_a_program_on_gossl_does_not_load_openssl(self) -> None:
        code = "import gossl; gossl.install(); import ssl; print(gossl._stock.loaded(), 'libssl' in open(MAPS).read())"
        self.assertEqual(python("-c", "MAPS = '/proc/self/maps'; " + code), "None False")

    def test_default_contexts_look_where_openssl_does(self) -> None:
        stock = python("-c", "import ssl; print(ssl.get_default_verify_paths()[3:6:2])")
        places = "print(_stock.places(), _stock.loaded())"
        for code in ("", "import ssl; ssl.create_default_context()", "import ssl; ssl.get_default_verify_paths()"):
            found = python("-c", f"import gossl; gossl.install(); from gossl import _stock; {code}\n{places}")
            with self.subTest(code):
                self.assertTrue(found.startswith(stock), found)
        self.assertTrue(python("-c", f"from gossl import _stock; {places}").startswith(stock))

    def test_beside_the_interpreters_own_there_is_one_class_of_exceptions(self) -> None:
        theirs, ours = "import ssl", "from gossl import ssl as ours"
        for first, second in ((theirs, ours), (ours, theirs)):
            for before in ("", "gossl.trust_store()", "gossl.status()"):
                code = (
                    f"import gossl; {before}\n{first}; {second}\nprint(ssl.SSLError is ours.SSLError, ssl is not ours)"
                )
                with self.subTest(code):
                    self.assertEqual(python("-c", code), "True True")

    def test_after_uninstall_an_except_of_either_catches(self) -> None:
        code = """
import pickle, sys, types
import gossl
gossl.install()
import ssl as ours, asyncio.sslproto
from ssl import SSLError, SSLWantReadError
AGAIN = (SSLWantReadError, OSError)
def want():
    made.do_handshake() if fresh else pair[0].read(10)
fresh = True
made = ours.create_default_context().wrap_bio(ours.MemoryBIO(), ours.MemoryBIO(), server_hostname="x")
names = {name: getattr(ours, name) for name in dir(ours) if name.startswith("SSL") and name.endswith("Error")}
assert len(names) == 7, names
sys.path.insert(0, TESTS)
from support import connected, contexts
pair = connected(*contexts())
pair.client.do_handshake()
gossl.uninstall()
import ssl
assert ssl is ours and ssl.SSLError is SSLError and AGAIN == (ssl.SSLWantReadError, OSError), AGAIN
again = getattr(asyncio.sslproto, "SSLAgainErrors", ())
assert set(again) <= {ssl.SSLWantReadError, ssl.SSLSyscallError}, again
pair = (pair.client, pair.server)
for fresh in (True, False):
    for kind in (ssl.SSLWantReadError, ssl.SSLError, names["SSLWantReadError"], names["SSLError"]):
        try:
            want()
        except kind as e:
            assert (type(e).__name__, e.errno, e.library) == ("SSLWantReadError", 2, None)
            assert "did not complete" in str(e)
            again = pickle.loads(pickle.dumps(e))
            assert type(again) is ssl.SSLWantReadError and again.args == e.args
try:
    gossl.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata="nothing")
except ssl.SSLError as e:
    assert isinstance(e, names["SSLError"]) and "no start line" in str(e), e
try:
    gossl.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers("nothing")
except ssl.SSLError as e:
    print("caught")
"""
        here = os.path.dirname(os.path.abspath(__file__))
        self.assertEqual(python("-c", f"TESTS = {here!r}\n{code}"), "caught")

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
