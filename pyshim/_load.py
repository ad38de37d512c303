"""Certificates, keys, trust anchors and parameters, from the files and bytes that users have into a config.

The library parses; here paths and passwords are converted, and files that are read once are read.
"""

from __future__ import annotations

import os
import sys

from . import _codes, _consts, _errors, _lib, _paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import _macos
    from ._status import TrustStore

_LONGEST_PASSWORD = 1024
_LONG_LENGTHS = (b"\x80", b"\x81", b"\x82", b"\x83", b"\x84")


def cert_chain(config: int, certfile: Any, keyfile: Any, password: Any) -> None:
    """SSLContext.load_cert_chain: from files, and, beyond CPython, from memory.

    certfile and keyfile are each a path (str, PathLike, bytes), bytes that are PEM, DER or (certfile only) PKCS #12,
    or an object with a read method that gives such bytes or PEM as text. certfile may be a pair, (certificate, key).
    """
    if isinstance(certfile, tuple):
        if len(certfile) != 2 or keyfile is not None:
            raise TypeError("certfile should be a path, bytes, a file object or a pair (certificate, key)")
        certfile, keyfile = certfile
    chain_source = _source(certfile, "certfile")
    chain_name, key_name = _name(certfile), _name(certfile if keyfile is None else keyfile)
    key_source = None if keyfile is None else _source(keyfile, "keyfile")
    ask = password if callable(password) else None
    secret = None if password is None or ask else _password(password, "password should be a string or callable")
    chain = chain_source()
    # An empty key file is not the same as none: none means that the key is in the file of the chain.
    key = None if key_source is None else key_source() or b"\n"
    failure = _use(config, chain, key, secret)
    if failure is not None and failure.status == _codes.E_PASSWORD and secret is None:
        secret = _password(ask(), "password callback must return a string") if ask else _prompt()
        failure = _use(config, chain, key, secret)
    if failure is not None and failure.status == _codes.E_PASSWORD:
        # No password, or an empty one: as for a wrong one.
        raise _named(
            _errors.error("PEM lib", _errors.IN_LOAD_CERT_CHAIN, _PEM_LIB, library="SSL"),
            key_name,
            "private key: no password was given",
        )
    if failure is not None:
        about_key = failure.message.startswith("private key")
        name = key_name if about_key else chain_name
        # In no variable: with one, what is raised would keep this frame, and the key in it, until the collector comes.
        raise _named(_errors.of_input(failure, _errors.IN_LOAD_CERT_CHAIN), name, failure.message)


def _name(source: Any) -> str | None:
    """The path that a certificate or key is read from, None if it is not read from one."""
    try:
        return None if isinstance(source, bytes) and _is_material(source) else os.fsdecode(source)
    except TypeError:
        return None


def _named(error: Exception, path: str | None, why: str) -> Exception:
    """Says which file was refused, and why, where that changes neither the words nor the arguments of the exception."""
    if isinstance(error, _errors.SSLError) and path is not None:
        error.filename = path
    if sys.version_info >= (3, 11):
        error.add_note(why if path is None else f"{path}: {why}")
    return error


_PEM_LIB = 0x80009


def _use(config: int, chain: bytes, key: bytes | None, secret: bytes | None) -> _lib.Failure | None:
    return _lib.call(
        "gossl_config_use_certificate",
        config,
        chain,
        len(chain),
        key,
        0 if key is None else len(key),
        secret,
        0 if secret is None else len(secret),
    )


def verify_locations(config: int, cafile: Any, capath: Any, cadata: Any) -> None:
    """SSLContext.load_verify_locations."""
    if cafile is None and capath is None and cadata is None:
        raise TypeError("cafile, capath and cadata cannot be all omitted")
    file = None if cafile is None else _path(cafile, "cafile")
    directory = None if capath is None else _path(capath, "capath")
    into, refused = config, None
    if cadata is not None and file is not None:  # neither is to stay if the other is refused
        trial = _lib.make("gossl_config_new", "gossl_config_free", _consts.PROTOCOL_TLS_CLIENT)
        if isinstance(trial, _lib.Handle):
            refused = _anchor_file(trial.value, file)
            into = config if refused is None else trial.value
    if cadata is not None:
        _anchors(into, cadata)  # whose error counts first
    if file is not None and refused is None:
        refused = _anchor_file(config, file)
    if refused is not None:
        raise refused
    if directory is not None:
        failure = _lib.call("gossl_config_add_anchor_dir", config, directory, len(directory))
        _errors.check(failure, _errors.IN_LOAD_VERIFY_LOCATIONS)


def _anchor_file(config: int, file: bytes) -> Exception | None:
    failure = _lib.call("gossl_config_add_anchor_file", config, file, len(file))
    if failure is None:
        return None
    refused = _errors.of_input(failure, _errors.IN_LOAD_VERIFY_LOCATIONS)
    return _named(refused, os.fsdecode(file), failure.message)


def default_anchors(config: int) -> None:
    """The anchors of default contexts. What is not there adds nothing: then nobody is trusted."""
    anchors, said = _choice()
    if said is not None:
        _errors.check(_lib.call("gossl_config_add_store", config, said.pem, len(said.pem)))
        return
    if anchors.source == _paths.MOZILLA:
        _errors.check(_lib.call("gossl_config_add_mozilla_anchors", config))
        return
    if anchors.file:
        path = os.fsencode(anchors.file)
        _lib.call("gossl_config_add_system_anchors", config, path, len(path))
    for directory in anchors.directories:
        path = os.fsencode(directory)
        _lib.call("gossl_config_add_anchor_dir", config, path, len(path))


def _choice() -> tuple[_paths.Choice, _macos.Anchors | None]:
    """What to load, and what the keychain says if it is that.

    One that cannot be read is passed over, for the files that the system has too, or Mozilla's anchors. SSLError: it
    was asked for.
    """
    anchors = _paths.choice()
    if anchors.source != _paths.KEYCHAIN:
        return anchors, None
    from . import _macos

    said = _macos.anchors()
    if not said.failure:
        return anchors, said
    if anchors.asked:
        raise _errors.SSLError(said.failure)
    return _paths.choice(keychain=False), None


def trust_store() -> TrustStore:
    """The trust anchors that a default context of this process would have now. Loads the library.

    ValueError: the environment variable GOSSL_TRUST names a store that there is not. SSLError: it names the keychain,
    which cannot be read.
    """
    from ._status import TrustStore

    anchors, said = _choice()
    if said is not None:
        faults = [_lib.get_certificate(der, _codes.CERT_SUBJECT) for der in said.trusted]
        skipped = [f"entry {i}: {f.message}" for i, f in enumerate(faults) if isinstance(f, _lib.Failure)]
        return TrustStore(anchors.source, "", [], len(faults) - len(skipped), skipped)
    file, count, skipped = anchors.file, 0, _unread()
    if file or anchors.source == _paths.MOZILLA:
        found = _report(file)
        file = file if found else ""
        count, skipped = (found[0], skipped + found[1]) if found else (0, skipped)
    if anchors.source == _paths.WINDOWS:
        from . import _windows

        good, bad = _windows.anchors()
        count, skipped = count + good, skipped + bad
    broken = [fault for directory in anchors.directories for fault in _broken(directory)]
    return TrustStore(anchors.source, file, anchors.directories, count, skipped + broken)


def _broken(directory: str) -> list[str]:
    """The files of a hashed directory that verification would pass over, and what is wrong with them."""
    import re  # only here: `import ssl` is to stay short

    try:
        names = sorted(name for name in os.listdir(directory) if re.fullmatch(r"[0-9a-f]{8}\.\d+", name))
    except OSError:
        return []  # what is not there adds nothing
    faults = []
    for path in (os.path.join(directory, name) for name in names):
        trial = _lib.make("gossl_config_new", "gossl_config_free", _consts.PROTOCOL_TLS_CLIENT)
        if isinstance(trial, _lib.Handle):
            file = os.fsencode(path)
            failure = _lib.call("gossl_config_add_anchor_file", trial.value, file, len(file))
            if failure is not None:
                faults.append(f"{path}: {failure.message}")
    return faults


def _unread() -> list[str]:
    """The keychain, if it was to be read and could not be."""
    if sys.platform != "darwin" or _paths.choice().source != _paths.KEYCHAIN:
        return []
    from . import _macos

    return [_macos.anchors().failure]


def _report(file: str) -> tuple[int, list[str]] | None:
    """How many certificates are in a file, "" for Mozilla's, and its bad entries. None if there is no such file."""
    path = os.fsencode(file) if file else None
    found = _lib.get("gossl_system_anchors", path, len(path or b""))
    if isinstance(found, int):
        return None
    import json  # only here: `import ssl` is to stay short

    said = json.loads(found)
    return said["certificates"], [f"entry {s['entry']}: {s['why']}" for s in said["skipped"]]


def dh_params(config: int, file: Any) -> None:
    """SSLContext.load_dh_params."""
    path = os.fsencode(file)
    try:
        pem = _read(path)
    except OSError as e:
        e.filename = file
        raise
    failure = _lib.call("gossl_config_set", config, _codes.CONFIG_DH_PARAMS, pem, len(pem))
    _errors.check(failure, _errors.IN_LOAD_DH_PARAMS)


# How the library begins when a text, or bytes, hold no certificate at all.
_NO_CERTIFICATE = "cadata does not contain a certificate"


def _anchors(config: int, cadata: Any) -> None:
    if isinstance(cadata, str):
        try:
            data, form, nothing = cadata.encode("ascii"), _codes.PEM, "no start line"
        except UnicodeEncodeError:
            raise TypeError("cadata should be an ASCII string or a bytes-like object") from None
    else:
        try:
            data, form, nothing = _lib.copied(cadata), _codes.DER, "not enough data"
        except TypeError:
            raise TypeError("cadata should be an ASCII string or a bytes-like object") from None
    if not data:
        raise ValueError("Empty certificate data")
    failure = _lib.call("gossl_config_add_anchors", config, data, len(data), form)
    if failure is not None:
        refused = _errors.of_input(failure, _errors.IN_CADATA)
        if failure.message.startswith(_NO_CERTIFICATE):
            refused = _errors.error(f"{nothing}: {_NO_CERTIFICATE}", _errors.IN_CADATA)
        raise _named(refused, None, failure.message)


def _source(value: Any, name: str) -> Callable[[], bytes]:
    """What gives the bytes of a certificate or key. Nothing is opened before all arguments are known to be good."""
    if hasattr(value, "read"):
        return lambda: _contents(value.read(), name)
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        if _is_material(data) or not isinstance(value, bytes):
            return lambda: data
    path = _path(value, name)
    return lambda: _read(path)


def _contents(data: Any, name: str) -> bytes:
    if isinstance(data, str):
        return data.encode("ascii", "replace")
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"{name}.read() should return bytes or str")


def _is_material(data: bytes) -> bool:
    """Whether bytes are PEM or DER and no path.

    A path has no such line, no NUL, and after "0" no byte that UTF-8 has only inside a character; DER begins with 0x30,
    then has a length in the long form (X.690 8.1.3.5) or, where it is short, the NUL of the key's version.
    """
    der = data[:1] == b"\x30" and (data[1:2] in _LONG_LENGTHS or b"\0" in data)
    return der or b"-----BEGIN " in data


def _path(value: Any, name: str) -> bytes:
    try:
        return os.fsencode(value)
    except TypeError:
        raise TypeError(f"{name} should be a valid filesystem path") from None


def _read(path: bytes) -> bytes:
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        number, text = e.errno, e.strerror
    raise OSError(number, text, os.fsdecode(path))  # CPython names the file since 3.15


def _password(value: Any, refusal: str) -> bytes:
    if isinstance(value, str):
        secret = value.encode("utf-8")
    elif isinstance(value, (bytes, bytearray)):
        secret = bytes(value)
    else:
        raise TypeError(refusal)
    if len(secret) > _LONGEST_PASSWORD:
        raise ValueError(f"password cannot be longer than {_LONGEST_PASSWORD} bytes")
    return secret


def _prompt() -> bytes | None:
    """Asks on the terminal, where the program has one."""
    try:
        with open("/dev/tty", "r+b", buffering=0):
            pass
    except OSError:
        return None
    import getpass

    ask: Callable[[str], str] = getpass.getpass
    return ask("Enter PEM pass phrase:").encode("utf-8")
