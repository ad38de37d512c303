"""The header, the library and the Python table have the same functions and numbers."""

import re
import unittest
from pathlib import Path

from gossl import _codes, _lib, _typed

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = (ROOT / "capi" / "gossl.h").read_text()


class TestABI(unittest.TestCase):
    def test_every_function_is_in_the_library_and_bound(self) -> None:
        declared = set(re.findall(r"^(?:int32_t|int64_t|void) (gossl_\w+)\(", HEADER, re.MULTILINE))
        typed = _typed.Typed(_lib.path(), lambda _: None)
        names = {*_typed._TYPED, *_typed._DATA}
        self.assertEqual(declared - {"gossl_abi_version"}, names - {"gossl_abi_version"})
        for name in names:
            self.assertTrue(callable(typed.raw[name]))

    def test_the_module_has_all_that_the_package_calls(self) -> None:
        ctypes = ("_typed.py", "_plain.py")
        source = "".join(path.read_text() for path in (ROOT / "pyshim").glob("*.py") if path.name not in ctypes)
        called = set(re.findall(r'"(gossl_(?!python_)\w+\w)"', source)) - {"gossl_config_"}
        module = _lib._module_of(_lib.path())
        if module is None:
            self.skipTest("this interpreter has no builtins")
        self.assertGreater(len(called), 30)
        self.assertEqual(called - vars(module).keys(), set())

    def test_numbers_are_the_headers(self) -> None:
        numbers = {n: int(v) for n, v in re.findall(r"^#define GOSSL_(\w+) \(?(-?\d+)\)?", HEADER, re.MULTILINE)}
        ours = {n: v for n, v in vars(_codes).items() if isinstance(v, int)}
        self.assertEqual(numbers, ours)
        self.assertEqual(len({v for n, v in numbers.items() if n.startswith(("E_", "WANT_"))}), sum(
            n.startswith(("E_", "WANT_")) for n in numbers))  # fmt: skip


if __name__ == "__main__":
    unittest.main()
