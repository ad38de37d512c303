"""The module looks as the C module that it stands for: names, numbers, types, exceptions, refusals of Python values."""

import copy
import pickle
import sys
import unittest
import warnings

import gossl
from gossl import _consts, _ssl, ssl

try:
    import _ssl as stock
except ImportError:
    stock = None

TYPES = ("Certificate", "MemoryBIO", "SSLSession", "_SSLContext", "_SSLSocket")
# What tells the versions apart, and the one constant that newer stock builds may lack or add by their OpenSSL.
NOT_OURS = {"sendfile"}  # of a connection whose records the kernel seals: ssl does without where it is not there
OWN = {"OPENSSL_VERSION", "OPENSSL_VERSION_INFO", "OPENSSL_VERSION_NUMBER", "_OPENSSL_API_VERSION", "_DEFAULT_CIPHERS"}


@unittest.skipUnless(stock, "this interpreter has no _ssl of its own")
class TestSurface(unittest.TestCase):
    def test_constants_are_the_interpreters(self) -> None:
        ours = _consts.exported(sys.version_info[:2])
        theirs = {n: v for n, v in vars(stock).items() if n.startswith(_consts._PREFIXES)}
        for name in ours.keys() & theirs.keys() - OWN:
            self.assertEqual(ours[name], theirs[name], name)
        if stock.OPENSSL_VERSION_INFO[:2] == (3, 0):
            self.assertEqual(ours.keys(), theirs.keys())

    def test_every_name_and_method_is_there(self) -> None:
        for name, value in vars(stock).items():
            if not name.startswith("__"):
                self.assertTrue(hasattr(_ssl, name), name)
            if isinstance(value, type):
                for member in vars(value).keys() - NOT_OURS:
                    self.assertTrue(hasattr(getattr(_ssl, name), member), f"{name}.{member}")

    def test_exceptions_are_the_interpreters(self) -> None:
        for name, value in vars(stock).items():
            if isinstance(value, type) and issubclass(value, Exception):
                self.assertIs(getattr(_ssl, name), value)


class TestTypes(unittest.TestCase):
    def test_the_version_says_who_it_is(self) -> None:
        self.assertTrue(ssl.OPENSSL_VERSION.startswith("OpenSSL 3.0.0 "))
        self.assertIn(f"gossl {gossl.__version__}", ssl.OPENSSL_VERSION)
        self.assertIn(gossl.__version__, gossl.version())

    def test_types_cannot_be_changed(self) -> None:
        for name in TYPES:
            cls = getattr(_ssl, name)
            with self.assertRaisesRegex(TypeError, f"cannot set 'x' attribute of immutable type '_ssl.{name}'"):
                cls.x = 1
            with self.assertRaisesRegex(TypeError, "immutable type"):
                del cls.__doc__
        ssl.SSLContext.x = 1
        del ssl.SSLContext.x

    def test_attributes_that_can_be_set_cannot_be_deleted(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())._sslobj
        context.keylog_filename = None
        for owner, name, shown in (
            (context, "keylog_filename", "SSLContext"),
            (context, "sni_callback", "SSLContext"),
            (context, "check_hostname", "SSLContext"),
            (connection, "context", "_ssl._SSLSocket"),
            (connection, "session", "_ssl._SSLSocket"),
        ):
            before = getattr(owner, name)
            with self.assertRaisesRegex(AttributeError, f"^attribute '{name}' of '{shown}' objects cannot be deleted$"):
                delattr(owner, name)
            self.assertIs(getattr(owner, name), before)

    def test_most_types_are_final(self) -> None:
        for name in set(TYPES) - {"_SSLContext"}:
            with self.assertRaisesRegex(TypeError, f"type '_ssl.{name}' is not an acceptable base type"):
                type("Derived", (getattr(_ssl, name),), {})
        type("Derived", (ssl.SSLContext,), {})

    def test_what_a_connection_makes_cannot_be_made_by_hand(self) -> None:
        for name in ("Certificate", "SSLSession", "_SSLSocket"):
            with self.assertRaisesRegex(TypeError, f"cannot create '_ssl.{name}' instances"):
                getattr(_ssl, name)()

    def test_nothing_is_copied_or_pickled(self) -> None:
        for thing in (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.MemoryBIO()):
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaisesRegex(TypeError, "cannot pickle"):
                    way(thing)

    def test_warnings_point_at_the_line_of_the_user(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS)
            context.options |= ssl.OP_NO_TLSv1
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.assertEqual(len(caught), 4)
        self.assertEqual({w.filename for w in caught}, {__file__})
        self.assertEqual({w.category for w in caught}, {DeprecationWarning})


class TestValues(unittest.TestCase):
    def refused(self, kind: type[Exception], text: str, name: str, *values: object) -> None:
        for value in values:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with self.assertRaisesRegex(kind, text):
                setattr(context, name, value)

    def test_wrong_values_are_refused(self) -> None:
        self.refused(ValueError, "invalid value for verify_mode", "verify_mode", 42)
        self.refused(TypeError, "NoneType", "verify_mode", None)
        self.refused(ValueError, "Unsupported TLS/SSL version 0x2a", "minimum_version", 42)
        self.refused(OverflowError, "Option is too long", "maximum_version", 1 << 40)
        self.refused(ValueError, "value must be non-negative", "num_tickets", -1)
        self.refused(TypeError, "not a callable object", "sni_callback", 4)
        self.refused(TypeError, "expected str, bytes or os.PathLike object", "keylog_filename", 1)
        self.refused(IsADirectoryError, "", "keylog_filename", "/")
        self.refused(OverflowError, "", "options", 1 << 100)
        self.refused(AttributeError, "", "security_level", 1)

    def test_roles_are_kept_apart(self) -> None:
        client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self.assertRaisesRegex(ssl.SSLError, "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context"):
            client._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), True)
        with self.assertRaisesRegex(ssl.SSLError, "Cannot create a client socket with a PROTOCOL_TLS_SERVER context"):
            server._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False)
        with self.assertRaisesRegex(ValueError, "not a server context"):
            client.num_tickets = 1
        with self.assertRaisesRegex(ValueError, "sni_callback cannot be set on TLS_CLIENT context"):
            client.sni_callback = print
        with self.assertRaisesRegex(ValueError, "check_hostname is enabled"):
            client.verify_mode = ssl.CERT_NONE

    def test_a_context_can_be_made_one_of_a_derived_class(self) -> None:
        class Derived(ssl.SSLContext):
            pass

        context = ssl.create_default_context()
        context.__class__ = Derived
        self.assertIs(type(context), Derived)
        self.assertIsInstance(context, Derived)

    def test_host_names(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for name, kind in (("", ValueError), (".org", ValueError), ("a\0b", TypeError), ("\xe9", UnicodeEncodeError)):
            with self.assertRaises(kind):
                context._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, name)

    def test_memory_bios(self) -> None:
        bio = ssl.MemoryBIO()
        large = bytes(range(256)) * 500
        self.assertEqual(bio.write(large), len(large))
        self.assertEqual(bio.pending, len(large))
        self.assertEqual(bio.read(5) + bio.read(70_000) + bio.read(), large)
        self.assertEqual(bio.read(), b"")
        for bad in ("text", None, 1):
            with self.assertRaisesRegex(TypeError, "a bytes-like object is required, not '"):
                bio.write(bad)
        with self.assertRaises(BufferError):
            bio.write(memoryview(b"abcdef")[::2])
        bio.write(memoryview(b"last"))
        bio.write_eof()
        self.assertFalse(bio.eof)
        with self.assertRaisesRegex(ssl.SSLError, "cannot write\\(\\) after write_eof\\(\\)"):
            bio.write(b"")
        bio.read()
        self.assertTrue(bio.eof)


if __name__ == "__main__":
    unittest.main()
