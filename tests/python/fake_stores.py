"""Stand-ins for the libraries of Windows and macOS that hold trust anchors, which keep count of what is to be freed.

Their functions are real foreign functions to ctypes: each is a callback with the prototype that the package gives it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

from gossl import _macos, _windows

NOT_FOUND = 0x80092004 - (1 << 32)  # as GetLastError gives it to ctypes
FILE_NOT_FOUND = 2
LOCAL_MACHINE, USER = 2 << 16, 1 << 16


def foreign(prototypes: dict[str, tuple[Any, list[Any]]], owner: object) -> SimpleNamespace:
    """The methods of that name, as functions of a library."""
    made = SimpleNamespace()
    for name, (result, arguments) in prototypes.items():
        setattr(made, name, ctypes.CFUNCTYPE(result, *arguments)(getattr(owner, name)))
    return made


class Held(NamedTuple):
    """A certificate or CRL of a Windows store."""

    data: bytes
    encoding: int = 1
    property: list[str] | None = None  # extended key usages that somebody has set
    extension: list[str] | None = None  # those of the certificate


class FakeCrypt32:
    """stores: by location and name. codes: why the others cannot be opened, by location."""

    def __init__(self, stores: dict[tuple[int, str], list[Held]], codes: dict[int, int] | None = None) -> None:
        self.stores, self.codes = stores, codes or {}
        self.error = 0
        self.open: dict[int, list[Held]] = {}
        self.lent: dict[int, Held] = {}  # contexts by their addresses
        self._alive: list[Any] = []
        self.broken_usage = 0  # an error that asking for usages gives
        self.library = _windows.Crypt32(foreign(_windows.PROTOTYPES, self), lambda: self.error)

    def CertOpenStore(self, provider: int, _encoding: int, _legacy: int, flags: int, name: str) -> int:
        if provider == 11:  # a collection
            held: list[Held] = []
        else:
            assert provider == 10 and flags & 0x8000, "a system's store, read only"
            location = flags & ~0x8000
            if (location, name) not in self.stores:
                self.error = self.codes.get(location, FILE_NOT_FOUND)
                return 0
            held = self.stores[location, name]
        handle = 1000 + len(self._alive)
        self._alive.append(handle)
        self.open[handle] = held
        return handle

    def CertAddStoreToCollection(self, collection: int, store: int, _flags: int, _priority: int) -> int:
        self.open[collection] += self.open[store]
        return 1

    def CertCloseStore(self, store: int, _flags: int) -> int:
        del self.open[store]
        return 1

    def _next(self, store: int, previous: int | None) -> int:
        at = 0
        if previous:
            held = self.lent.pop(previous)
            at = 1 + next(i for i, h in enumerate(self.open[store]) if h is held)
        if at == len(self.open[store]):
            return 0
        held = self.open[store][at]
        buffer = ctypes.create_string_buffer(held.data, len(held.data))
        context = _windows.Context(held.encoding, ctypes.addressof(buffer), len(held.data))
        self._alive += [buffer, context]
        self.lent[ctypes.addressof(context)] = held
        return ctypes.addressof(context)

    CertEnumCertificatesInStore = CertEnumCRLsInStore = _next

    def CertFreeCertificateContext(self, context: int) -> int:
        del self.lent[context]
        return 1

    CertFreeCRLContext = CertFreeCertificateContext

    def CertGetEnhancedKeyUsage(self, context: int, flags: int, buffer: int | None, size: Any) -> int:
        held = self.lent[context]
        usages = held.property if flags == 4 else held.extension
        if self.broken_usage or usages is None:
            self.error = self.broken_usage or NOT_FOUND
            return 0
        texts = [u.encode() + b"\0" for u in usages]
        pointers = ctypes.sizeof(_windows.Usage)
        strings = pointers + len(texts) * ctypes.sizeof(ctypes.c_void_p)
        size[0] = strings + sum(map(len, texts))
        if buffer:
            usage = _windows.Usage.from_address(buffer)
            usage.count = len(texts)
            ctypes.c_void_p.from_address(buffer + _windows.Usage.oids.offset).value = (
                buffer + pointers if texts else None
            )
            at = buffer + strings
            for i, text in enumerate(texts):
                ctypes.c_void_p.from_address(buffer + pointers + i * ctypes.sizeof(ctypes.c_void_p)).value = at
                ctypes.memmove(at, text, len(text))
                at += len(text)
        return 1


Settings = list[dict[str, Any]]


class FakeKeychain:
    """shipped: what Apple trusts. settings: by domain and certificate."""

    def __init__(self, shipped: list[bytes], settings: dict[tuple[int, bytes], Settings | None] | None = None) -> None:
        self.shipped, self.settings = shipped, settings or {}
        self.objects: dict[int, Any] = {}
        self.owned: dict[int, int] = {}  # what the caller has to release, and how often
        self.broken: dict[str, int] = {}  # statuses of functions
        self._alive: list[Any] = []
        functions = foreign(_macos.PROTOTYPES, self)
        self.frameworks = _macos.Frameworks(functions, functions)

    def _object(self, value: Any) -> int:
        number = 0x10000 + len(self.objects)
        self.objects[number] = value
        return number

    def _copy(self, value: Any) -> int:
        number = self._object(value)
        self.owned[number] = 1
        return number

    def _give(self, name: str, values: list[Any] | None, out: Any) -> int:
        if self.broken.get(name):
            return self.broken[name]
        if values is None:
            return -25300
        out[0] = self._copy([self._object(v) for v in values])
        return 0

    def SecTrustCopyAnchorCertificates(self, out: Any) -> int:
        return self._give("SecTrustCopyAnchorCertificates", self.shipped or None, out)

    def SecTrustSettingsCopyCertificates(self, domain: int, out: Any) -> int:
        found = [der for d, der in self.settings if d == domain]
        return self._give("SecTrustSettingsCopyCertificates", found or None, out)

    def SecTrustSettingsCopyTrustSettings(self, certificate: int, domain: int, out: Any) -> int:
        return self._give("SecTrustSettingsCopyTrustSettings", self.settings[domain, self.objects[certificate]], out)

    def SecCertificateCopyData(self, certificate: int) -> int:
        return self._copy(self.objects[certificate])

    def SecPolicyCopyProperties(self, policy: int) -> int:
        return self._copy({"SecPolicyOid": self.objects[policy]})

    def CFArrayGetCount(self, array: int) -> int:
        return len(self.objects[array])

    def CFArrayGetValueAtIndex(self, array: int, index: int) -> int:
        assert array in self.owned
        number: int = self.objects[array][index]
        return number

    def CFDataGetLength(self, data: int) -> int:
        return len(self.objects[data])

    def CFDataGetBytePtr(self, data: int) -> int:
        buffer = ctypes.create_string_buffer(self.objects[data], len(self.objects[data]))
        self._alive.append(buffer)
        return ctypes.addressof(buffer)

    def CFDictionaryGetValue(self, dictionary: int, key: int) -> int | None:
        value = self.objects[dictionary].get(self.objects[key])
        return None if value is None else self._object(value)

    def CFEqual(self, a: int, b: int) -> bool:
        return bool(self.objects[a] == self.objects[b])

    def CFNumberGetValue(self, number: int, kind: int, out: int) -> bool:
        assert kind == 3
        ctypes.c_int32.from_address(out).value = self.objects[number]
        return True

    def CFStringCreateWithCString(self, _allocator: int, text: bytes, encoding: int) -> int:
        assert encoding == 0x08000100
        return self._copy(text.decode())

    def CFRelease(self, number: int) -> None:
        del self.owned[number]


def raising(code: OSError) -> Callable[[], Any]:
    def call() -> Any:
        raise code

    return call
