"""CPython's own test_ssl after a late gossl.install(): the interpreter's ssl has been imported before."""

import importlib.util
import os
import ssl
import subprocess
import sys

import gossl
import support

if sys.argv[1] == "tests":
    gossl.install()
    import runpy

    assert gossl.status().mode == "late" and ssl.OPENSSL_VERSION
    sys.argv = ["test", "test_ssl"]
    runpy.run_module("test", run_name="__main__", alter_sys=True)

if importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_ssl") is None:
    print("this Python has come without its tests")
    raise SystemExit(support.NOT_HERE)


def passes():
    command = [sys.executable, sys.argv[0], "tests"]
    done = subprocess.run(command, stdout=sys.stderr, timeout=support.TIMEOUT - 10, check=False)
    if done.returncode:
        raise AssertionError("test_ssl fails")


support.report({"verified": support.attempt(passes)})
sys.stdout.flush()
os._exit(0)
