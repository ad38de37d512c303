"""Where OpenSSL looks for trust anchors: what is read in its file is what it says itself, wherever that file is."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from gossl import _lib
from support import AUTHORITY

ASK = """
import sys, gossl
gossl.install()
from gossl import _lib, _stock
{before}
library = _lib.library()
found = library.openssl_places(sys.argv[1].encode(), {load})
print("-" if found is None else found[0].decode(), "libcrypto" in open("/proc/self/maps").read())
"""
SAY = """
import ctypes, sys
{before}
tell = ctypes.PyDLL(sys.argv[1]).X509_get_default_cert_file
tell.restype = ctypes.c_char_p
print(tell().decode())
"""
ELSEWHERE = b"/opt/a/ssl"


def python(code: str, *arguments: object, **environment: str) -> str:
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


def of_system() -> tuple[str, Path] | None:
    """The interpreter's _ssl, and the libcrypto of the system that it is linked to."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or "LD_LIBRARY_PATH" in os.environ:
        return None
    said = python("import _ssl; print(getattr(_ssl, '__file__', '')); print(open('/proc/self/maps').read())")
    extension, *maps = said.splitlines()
    files = [line.split()[-1] for line in maps if "/libcrypto.so." in line]
    return (extension, Path(files[0])) if extension and files and files[0].startswith(("/lib/", "/usr/lib/")) else None


SYSTEM = of_system()


@unittest.skipIf(SYSTEM is None, "the interpreter has no OpenSSL of the system")
@unittest.skipUnless(_lib.library().builtins, "no builtins here")
class TestPlaces(unittest.TestCase):
    def setUp(self) -> None:
        assert SYSTEM is not None
        self.extension, self.crypto = SYSTEM
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.name = self.crypto.name

    def changed(self, below: str = ".") -> Path:
        """A directory with a libcrypto that looks elsewhere: the same, but for the constants."""
        directory = self.directory / below
        directory.mkdir(parents=True, exist_ok=True)
        data = self.crypto.read_bytes()
        own = python("import ssl; print(ssl.get_default_verify_paths().openssl_cafile)").encode()[: -len("/cert.pem")]
        self.assertGreaterEqual(len(own), len(ELSEWHERE))
        for end in (b"/cert.pem", b"/certs"):
            self.assertTrue(own + end + b"\0" in data)
            place = ELSEWHERE + end + b"\0"
            data = data.replace(own + end + b"\0", place.ljust(len(own + end) + 1, b"\0"))
        (directory / self.name).write_bytes(data)
        return directory

    def linked(self, *flags: str) -> Path:
        """A library that is linked to libcrypto, as _ssl is."""
        if not shutil.which("gcc"):
            self.skipTest("no compiler")
        made = self.directory / "linked.so"
        command = ["gcc", "-shared", "-o", str(made), "-xc", "/dev/null", "-xnone", "-Wl,--no-as-needed", *flags]
        subprocess.run([*command, str(self.crypto)], check=True, capture_output=True)
        return made

    def both(self, extension: object, before: str = "", told: bool | None = None, **environment: str) -> str:
        """What OpenSSL says, and gossl, read or loaded, has to say too; told: whether it can be read."""
        said = python(SAY.format(before=before), extension, **environment)
        read, mapped = python(ASK.format(before=before, load=0), extension, **environment).split()
        self.assertIn(read, (said, "-"))
        if told is not None:
            self.assertEqual(read != "-", told)
        if not before and "LD_PRELOAD" not in environment:
            self.assertEqual(mapped, "False")
        loaded, _ = python(ASK.format(before=before, load=1), extension, **environment).split()
        self.assertEqual(loaded, said)
        return said

    def test_of_the_system_it_is_read_and_not_loaded(self) -> None:
        said = python("import ssl; print(ssl.get_default_verify_paths()[3])")
        read, mapped = python(ASK.format(before="", load=1), self.extension).split()
        self.assertEqual((read, mapped), (said, "False"))
        code = "import gossl; gossl.install(); import ssl; ssl.create_default_context()"
        self.assertEqual(python(code + "; print('libcrypto' in open('/proc/self/maps').read())"), "False")

    def test_another_one_by_the_environment(self) -> None:
        other = self.changed()
        for variable, value in (
            ("LD_LIBRARY_PATH", str(other)),
            ("LD_LIBRARY_PATH", f"/nowhere:{other}"),
            ("LD_LIBRARY_PATH", f"/nowhere;{other}/../{other.name}/"),
            ("LD_PRELOAD", str(other / self.name)),
        ):
            with self.subTest(variable, value=value):
                said = self.both(self.extension, **{variable: value})
                self.assertEqual(said, ELSEWHERE.decode() + "/cert.pem")
        forgotten = "import os; del os.environ['LD_LIBRARY_PATH']"
        self.both(self.extension, forgotten, told=False, LD_LIBRARY_PATH=str(other))
        code = "import gossl; gossl.install(); import ssl; from gossl import _stock\nssl.create_default_context()\n"
        places = python(code + "print(_stock.places())", LD_LIBRARY_PATH=str(other))
        self.assertEqual(places, str((ELSEWHERE.decode() + "/cert.pem", ELSEWHERE.decode() + "/certs")))

    def test_one_for_a_better_processor(self) -> None:
        for level in (2, 3, 4):
            self.changed(f"{level}/glibc-hwcaps/x86-64-v{level}")
            with self.subTest(level):
                self.both(self.extension, told=False, LD_LIBRARY_PATH=str(self.directory / str(level)))

    def test_a_path_without_any_changes_nothing(self) -> None:
        said = self.both(self.extension, told=True, LD_LIBRARY_PATH=f"/nowhere:{self.directory}")
        self.assertEqual(said, python("import ssl; print(ssl.get_default_verify_paths()[3])"))
        (self.directory / self.name).symlink_to(self.crypto)
        self.both(self.extension, told=True, LD_LIBRARY_PATH=str(self.directory))

    def test_a_run_path_of_its_own(self) -> None:
        other = self.changed("lib")
        for kind in ("--enable-new-dtags", "--disable-new-dtags"):
            for path in (str(other), f"/nowhere:{other}", "$ORIGIN/lib", "${ORIGIN}/lib"):
                with self.subTest(kind, path=path):
                    said = self.both(self.linked(f"-Wl,{kind},-rpath,{path}"), told=False)
                    self.assertEqual(said, ELSEWHERE.decode() + "/cert.pem")
            self.both(self.linked(f"-Wl,{kind},-rpath,/nowhere:/nor/here"), told=True)

    def test_relative_paths_are_not_followed(self) -> None:
        other = self.changed("lib")
        here = f"import os; os.chdir({str(other)!r})"
        for path in (":", ".", "lib:"):
            with self.subTest(path):
                self.both(self.linked(f"-Wl,-rpath,{path}"), here, told=False)
                self.both(self.extension, here, told=False, LD_LIBRARY_PATH=path)

    def test_another_one_that_is_loaded(self) -> None:
        load = f"import ctypes; kept = ctypes.CDLL({str(self.changed() / self.name)!r}, mode=MODE)"
        for mode in ("ctypes.RTLD_LOCAL", "ctypes.RTLD_GLOBAL"):
            with self.subTest(mode):
                said = self.both(self.linked(), load.replace("MODE", mode), told=True)
                self.assertEqual(said, ELSEWHERE.decode() + "/cert.pem")

    def test_what_is_linked_to_no_libcrypto_itself(self) -> None:
        made = self.linked()
        data = made.read_bytes()
        self.assertTrue(self.name.encode() in data)
        for changed in (data.replace(b"libcrypto", b"libcrypta"), data[:100], b"", b"\x7fELF" + data[4:64]):
            made.write_bytes(changed)
            self.assertEqual(python(ASK.format(before="", load=0), made), "- False")
        self.assertEqual(python(ASK.format(before="", load=1), self.directory / "missing.so"), "- False")

    def test_anchors_that_are_given_ask_for_none(self) -> None:
        """Also where OpenSSL would have to be loaded for an answer."""
        for given in ("cafile=FILE", "capath=DIRECTORY", "cadata=DATA"):
            code = f"""
import sys, gossl
gossl.install()
import ssl
FILE, DIRECTORY = sys.argv[1:]
DATA = open(FILE).read()
ssl.create_default_context({given})
print("libcrypto" in open("/proc/self/maps").read())
"""
            with self.subTest(given):
                found = python(code, AUTHORITY.cert, self.directory, LD_LIBRARY_PATH=str(self.changed()))
                self.assertEqual(found, "False")


if __name__ == "__main__":
    unittest.main()
