"""A program under `python -m gossl` finds itself as under the interpreter alone."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import programs

SHOW = """
import json, os, sys
main = sys.modules["__main__"]
loader = main.__loader__
print(json.dumps([
    sys.argv, sys.path[0], __name__, __spec__ and __spec__.name, globals().get("__file__"), __package__,
    loader and getattr(loader, "__name__", type(loader).__name__), main.__dict__ is globals(),
    sorted(n for n in globals() if n not in ("json", "os", "sys", "main", "loader")),
]))
"""

PROCESSES = """
import multiprocessing, ssl, subprocess, sys

def which(_):
    return "gossl" in ssl.OPENSSL_VERSION

if __name__ == "__main__":
    for way in ("spawn", "forkserver", "fork"):
        with multiprocessing.get_context(way).Pool(1) as pool:
            print(pool.map(which, [0]))
    code = "import ssl; print('gossl' in ssl.OPENSSL_VERSION)"
    for flags in ([], ["-I"]):
        print(subprocess.check_output([sys.executable, *flags, "-c", code], text=True).strip())
"""


class TestMain(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(os.path.realpath(folder.name))
        for name in ("show.py", "package/__init__.py", "package/__main__.py", "package/part.py", "folder/__main__.py"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text("" if "init" in name else SHOW)
        (self.folder / "processes.py").write_text(PROCESSES)

    def python(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def test_it_is_the_same_program(self) -> None:
        for arguments in (
            ["show.py", "a", "-b"],
            ["./show.py"],
            ["-m", "show", "x"],
            ["-m", "package", "-m"],
            ["-m", "package.part"],
            ["folder", "1"],
            ["-c", SHOW, "-c", "x"],
        ):
            with self.subTest(arguments):
                alone = self.python(*arguments)
                self.assertEqual(alone[0], 0, alone[2])
                self.assertEqual(self.python("-m", "gossl", *arguments)[:2], alone[:2])

    def test_standard_input_is_a_program(self) -> None:
        program = "import sys, ssl; print(sys.argv, 'gossl' in ssl.OPENSSL_VERSION)"
        self.assertEqual(self.python("-m", "gossl", "-", "x", stdin=program)[1].strip(), "['-', 'x'] True")

    def test_ends_are_passed_on(self) -> None:
        self.assertEqual(self.python("-m", "gossl", "-c", "raise SystemExit(7)")[0], 7)
        code, _, said = self.python("-m", "gossl", "-c", "1 / 0")
        self.assertEqual((code, said.splitlines()[-1]), (1, "ZeroDivisionError: division by zero"))

    def test_wrong_command_lines_are_refused(self) -> None:
        for arguments in (["missing.py"], ["-m"], ["-c"], ["--what"]):
            code, said, complaint = self.python("-m", "gossl", *arguments)
            self.assertEqual((code, said), (2, ""))
            self.assertTrue(complaint.startswith("python -m gossl: "), complaint)
        self.assertIn("usage: python -m gossl", self.python("-m", "gossl")[1])
        self.assertIn("gossl", self.python("-m", "gossl", "--version")[1])

    def test_processes_inherit_unless_they_are_isolated(self) -> None:
        code, said, complaint = self.python("-m", "gossl", "processes.py")
        self.assertEqual(code, 0, complaint)
        self.assertEqual(said.split(), ["[True]"] * 3 + ["True", "False"])

    def test_the_sitecustomize_that_was_there_still_runs(self) -> None:
        (self.folder / "sitecustomize.py").write_text("print('customized')")
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = f"{self.folder}{os.pathsep}{before}"
        self.addCleanup(os.environ.__setitem__, "PYTHONPATH", before)
        code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'])"
        self.assertEqual(self.python("-m", "gossl", "-c", code)[1].split(), ["customized", "customized", "1"])


class TestLoading(unittest.TestCase):
    def refused(self, code: str, **environment: str) -> str:
        code = "import gossl; gossl.install(); import ssl\n" + code + "\nssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"
        done = programs.run(code, **environment)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr.splitlines()[-1]

    def test_a_missing_library_is_an_import_error(self) -> None:
        said = self.refused("", GOSSL_LIBRARY="/nowhere/libgossl.so")
        self.assertRegex(said, "^ImportError: gossl cannot load its library: /nowhere/libgossl.so: ")

    def test_another_library_is_an_import_error(self) -> None:
        import _ctypes

        self.assertTrue(self.refused("", GOSSL_LIBRARY=_ctypes.__file__).startswith("ImportError: "))

    @unittest.skipUnless(sys.platform == "linux", "RLIMIT_AS acts on Linux")
    def test_too_little_address_space_is_an_import_error_and_does_not_end_the_process(self) -> None:
        code = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (780 << 20),) * 2)
"""
        self.assertIn("RLIMIT_AS", self.refused(code))

    def test_loading_leaves_the_process_as_it_was(self) -> None:
        code = """
import os, resource, signal
import gossl; gossl.install(); import ssl
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
signal.signal(signal.SIGURG, hit := lambda *_: None)
def state():
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with open("/proc/self/status") as f:
        lines = {l.split()[0]: int(l.split()[1], 16) & 0x7FFFFFFF for l in f if l.startswith(("SigIgn", "SigBlk"))}
    return resource.getrlimit(resource.RLIMIT_NOFILE), mask, len(os.listdir("/proc/self/fd")), lines, \\
        signal.getsignal(signal.SIGURG)
before = state()
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
assert state() == before, (state(), before)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
print(signal.sigtimedwait([signal.SIGUSR1], 5).si_signo == signal.SIGUSR1)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.stdout.strip(), done.returncode), ("True", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
