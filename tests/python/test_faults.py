"""Who gets a fault: a nil pointer in Go is an error of one connection, everything else is the program's."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import unittest

from programs import SETUP, python

PANIC = """
from gossl import _codes, _lib

def broken():
    # A connection that is going to dereference a nil pointer.
    handle = client_context._handle.value
    _lib.call("gossl_config_set_int", handle, _codes.CONFIG_TEST_PANIC, 2)
    client = client_context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    _lib.call("gossl_config_set_int", handle, _codes.CONFIG_TEST_PANIC, 0)
    return client

def panic(client=None):
    try:
        (client or broken()).do_handshake()
    except ssl.SSLError as e:
        print("panic" if "a defect in gossl" in str(e) else e, flush=True)
"""
STEPS = f"""{PANIC}
import ctypes, faulthandler

enable, disable = faulthandler.enable, faulthandler.disable

def register():
    faulthandler.register(signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)

def crash(): ctypes.string_at(0)
def send(): os.kill(os.getpid(), signal.SIGSEGV)
def handle(): signal.signal(signal.SIGSEGV, lambda *_: print("handled", flush=True))
def default(): signal.signal(signal.SIGSEGV, signal.SIG_DFL)
def ignore(): signal.signal(signal.SIGSEGV, signal.SIG_IGN)

def thread(*steps):
    t = threading.Thread(target=run, args=steps)
    t.start()
    t.join()

def fork(*steps):
    pid = os.fork()
    if pid == 0:
        run(*steps)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

def run(*steps):
    for i, step in enumerate(steps):
        if step in ("fork", "thread"):
            return globals()[step](*steps[i + 1:])
        globals()[step]()
"""
TRACEBACK = "Fatal Python error: Segmentation fault"
CRASH = [str(-signal.SIGSEGV)]  # of a child
COVERS = platform.libc_ver()[0] == "glibc" and platform.machine() in ("x86_64", "aarch64")


def run(steps: str, **environment: str) -> subprocess.CompletedProcess[str]:
    before = "import warnings; warnings.simplefilter('ignore')"
    return python(STEPS + f"run(*{steps.split()!r})", before, **{"PYTHONFAULTHANDLER": "", **environment})


@unittest.skipUnless(COVERS, "elsewhere the last handler takes everything")
class TestFaults(unittest.TestCase):
    def says(self, steps: str, *lines: str, **environment: str) -> None:
        with self.subTest(steps, **environment):
            ran = run(steps, **environment)
            self.assertEqual((ran.returncode, ran.stderr, ran.stdout.split()), (0, "", list(lines)))

    def dies(self, steps: str, tracebacks: int, *lines: str, **environment: str) -> None:
        """By SIGSEGV, which faulthandler reports as often, and with where it was if it was a fault."""
        with self.subTest(steps, **environment):
            ran = run(steps, **environment)
            code = 0 if "fork" in steps else -signal.SIGSEGV
            self.assertEqual((ran.returncode, ran.stdout.split()), (code, list(lines)), ran.stderr)
            self.assertEqual(ran.stderr.count(TRACEBACK), tracebacks, ran.stderr)
            self.assertEqual(ran.stderr.count("in string_at"), tracebacks * ("crash" in steps), ran.stderr)

    def test_faulthandler_and_a_panic(self) -> None:
        self.says("connect panic", "panic")
        self.says("connect enable panic", "panic")
        self.says("connect enable connect panic panic", "panic", "panic")
        self.says("connect enable enable connect disable enable connect panic", "panic")
        self.says("connect enable connect disable panic connect panic", "panic", "panic")
        self.says("connect thread enable panic", "panic")
        self.says("connect enable thread panic", "panic")
        self.says("connect panic", "panic", PYTHONFAULTHANDLER="1")
        self.says("connect disable panic", "panic", PYTHONFAULTHANDLER="1")

    def test_faulthandler_and_a_crash(self) -> None:
        self.dies("crash", 0)
        self.dies("connect crash", 0)
        self.dies("connect enable crash", 1)
        self.dies("connect enable connect crash", 1)
        self.dies("connect enable panic crash", 1, "panic")
        self.dies("connect enable connect thread crash", 1)
        self.dies("connect enable connect disable crash", 0)
        self.dies("connect enable connect disable connect crash", 0)
        self.dies("connect enable enable connect disable enable connect crash", 1)
        self.dies("connect crash", 1, PYTHONFAULTHANDLER="1")
        self.dies("connect disable connect crash", 0, PYTHONFAULTHANDLER="1")

    def test_a_signal_that_was_sent(self) -> None:
        self.dies("connect enable send", 1)
        self.dies("connect enable connect send", 1)
        self.dies("connect default connect send", 0)
        self.dies("connect default connect enable connect send", 1)
        self.says("connect handle send connect send", "handled", "handled")
        self.says("connect ignore connect send")
        ran = run("connect enable connect register connect panic")
        self.assertEqual((ran.returncode, ran.stdout.split()), (0, ["panic"]))
        self.assertIn("in register", ran.stderr)

    def test_handlers_of_python(self) -> None:
        self.says("connect handle connect panic send", "panic", "handled")
        self.says("connect handle connect enable connect panic disable send", "panic", "handled")
        self.says("connect enable connect handle connect enable connect handle panic send", "panic", "handled")
        self.says("connect default connect panic", "panic")
        self.dies("connect default connect crash", 0)
        self.dies("connect default connect enable connect crash", 1)
        self.dies("connect ignore connect crash", 0)

    def test_forked_children(self) -> None:
        """A handler on top of Go's has the same place in a child, where Go starts anew; a child of a child also."""
        for fork in ("fork", "fork connect fork"):
            died, well = CRASH + ["0"] * (fork.count("fork") - 1), ["0"] * fork.count("fork")
            self.dies(f"connect enable {fork} crash", 1, *died)
            self.dies(f"connect enable {fork} connect crash", 1, *died)
            self.dies(f"enable connect {fork} connect crash", 1, *died)
            self.dies(f"connect enable connect {fork} connect crash", 1, *died)
            self.dies(f"connect enable connect {fork} connect disable connect crash", 0, *died)
            self.dies(f"connect {fork} enable connect crash", 1, *died)
            self.dies(f"{fork} enable connect crash", 1, *died)
            self.dies(f"connect {fork} connect crash", 1, *died, PYTHONFAULTHANDLER="1")
            self.says(f"connect enable {fork} panic", "panic", *well)
            self.says(f"connect enable connect {fork} connect disable enable panic", "panic", *well)
            self.says(f"connect handle connect {fork} panic send", "panic", "handled", *well)
            self.says(f"connect {fork} connect panic", "panic", *well, PYTHONFAULTHANDLER="1")

    def test_a_copy_of_the_library_in_a_child(self) -> None:
        for before in ("connect enable connect fork", "connect enable fork", "connect fork enable"):
            self.dies(f"{before} connect crash", 1, *CRASH, GOSSL_FORK="copy")
            self.says(f"{before} connect panic", "panic", "0", GOSSL_FORK="copy")

    def test_a_connection_that_was_there_before(self) -> None:
        """When it shakes hands, and at each 64th call that reads or writes, gossl looks."""
        code = "client = broken(); enable(); panic(client)"
        ran = python(STEPS + code, PYTHONFAULTHANDLER="")
        self.assertEqual((ran.returncode, ran.stderr, ran.stdout.strip()), (0, "", "panic"))
        code = """
def handler():
    action = (ctypes.c_void_p * 19)()
    ctypes.CDLL(None).sigaction(signal.SIGSEGV, None, action)
    return action[0]
client, server = connect()
enable()
theirs = handler()
for _ in range(64): client.send(b"x")
print(handler() != theirs)
disable()
enable()
print(handler() == theirs)
for _ in range(64): server.recv(1)
print(handler() != theirs)
"""
        ran = python(STEPS + code, PYTHONFAULTHANDLER="")
        self.assertEqual((ran.returncode, ran.stderr, ran.stdout.split()), (0, "", ["True"] * 3))

    def test_interpreters_within_this_one(self) -> None:
        code = f"""
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
from test_process import INTERPRETERS, SUBINTERPRETERS
connect()
enable()
for create in INTERPRETERS.values():
    SUBINTERPRETERS.run_string(create(), {SETUP + PANIC + "panic()"!r})
    panic()
print(len(INTERPRETERS))
crash()
"""
        ran = python(STEPS + code, PYTHONFAULTHANDLER="")
        *said, kinds = ran.stdout.split()
        self.assertEqual((ran.returncode, said), (-signal.SIGSEGV, ["panic"] * 2 * int(kinds)), ran.stderr)
        self.assertEqual(ran.stderr.count(TRACEBACK), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
