"""_SSLContext: the base of ssl.SSLContext. Each setting goes to a config of the library and is read back from there.

What stays here are Python's own objects: the callbacks, which the connections ask for, and the key log file.
"""

from __future__ import annotations

import os
import warnings

from . import _cert, _codes, _consts, _errors, _lib, _stock
from ._beside import also
from ._bio import MemoryBIO
from ._immutable import Immutable, Unpicklable, undeletable
from ._numbers import as_int, as_long, as_options, as_unsigned_int, as_unsigned_long

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import _load
    from ._keylog import KeyLog
    from ._session import SSLSession
    from ._socket import _SSLSocket

    Callback = Callable[..., Any]

_DEPRECATED_PROTOCOLS = {
    _consts.PROTOCOL_TLS: "ssl.PROTOCOL_TLS is deprecated",
    _consts.PROTOCOL_TLSv1: "ssl.PROTOCOL_TLSv1 is deprecated",
    _consts.PROTOCOL_TLSv1_1: "ssl.PROTOCOL_TLSv1_1 is deprecated",
    _consts.PROTOCOL_TLSv1_2: "ssl.PROTOCOL_TLSv1_2 is deprecated",
}
_PROTOCOLS = {*_DEPRECATED_PROTOCOLS, _consts.PROTOCOL_TLS_CLIENT, _consts.PROTOCOL_TLS_SERVER}
_RANGE_PROTOCOLS = {_consts.PROTOCOL_TLS, _consts.PROTOCOL_TLS_CLIENT, _consts.PROTOCOL_TLS_SERVER}
_DEPRECATED_VERSIONS = {
    _consts.PROTO_SSLv3: "ssl.TLSVersion.SSLv3 is deprecated",
    _consts.PROTO_TLSv1: "ssl.TLSVersion.TLSv1 is deprecated",
    _consts.PROTO_TLSv1_1: "ssl.TLSVersion.TLSv1_1 is deprecated",
}
_VERSIONS = {
    *_DEPRECATED_VERSIONS,
    _consts.PROTO_TLSv1_2,
    _consts.PROTO_TLSv1_3,
    _consts.PROTO_MINIMUM_SUPPORTED,
    _consts.PROTO_MAXIMUM_SUPPORTED,
}
_NO_VERSION_OPTIONS = (
    _consts.OP_NO_SSLv2
    | _consts.OP_NO_SSLv3
    | _consts.OP_NO_TLSv1
    | _consts.OP_NO_TLSv1_1
    | _consts.OP_NO_TLSv1_2
    | _consts.OP_NO_TLSv1_3
)
_STATISTICS = {
    "number": _codes.CONFIG_STAT_NUMBER,
    "connect": _codes.CONFIG_STAT_CONNECT,
    "connect_good": _codes.CONFIG_STAT_CONNECT_GOOD,
    "connect_renegotiate": _codes.CONFIG_STAT_CONNECT_RENEGOTIATE,
    "accept": _codes.CONFIG_STAT_ACCEPT,
    "accept_good": _codes.CONFIG_STAT_ACCEPT_GOOD,
    "accept_renegotiate": _codes.CONFIG_STAT_ACCEPT_RENEGOTIATE,
    "hits": _codes.CONFIG_STAT_HITS,
    "misses": _codes.CONFIG_STAT_MISSES,
    "timeouts": _codes.CONFIG_STAT_TIMEOUTS,
    "cache_full": _codes.CONFIG_STAT_CACHE_FULL,
}
_UNSIGNED = (1 << 64) - 1


@undeletable
class _SSLContext(Unpicklable, metaclass=Immutable):
    """Settings, certificates and trust anchors that connections are made from."""

    __slots__ = ("_handle", "_keylog", "_message", "_protocol", "_psk_client", "_psk_server", "_sni")
    __module__ = "_ssl"
    _frozen_ = True

    _handle: _lib.Handle
    _keylog: KeyLog | None
    _message: Callback | None
    _protocol: int
    _psk_client: Callback | None
    _psk_server: Callback | None
    _sni: Callback | None

    def __new__(cls, *arguments: Any, **_keywords: Any) -> _SSLContext:
        if len(arguments) != 1:
            raise TypeError(f"_SSLContext expected 1 argument, got {len(arguments)}")
        protocol = as_int(arguments[0])
        if protocol not in _PROTOCOLS:
            raise ValueError(f"invalid or unsupported protocol version {protocol}")
        if protocol in _DEPRECATED_PROTOCOLS:
            warnings.warn(_DEPRECATED_PROTOCOLS[protocol], DeprecationWarning, stacklevel=3)
        return _new(cls, protocol)

    @property
    def __class__(self) -> type:
        """What isinstance() asks for too: beside another ssl module, a context is one of that module's as well."""
        return also(type(self), "SSLContext", _SSLContext)

    @__class__.setter
    def __class__(self, cls: type) -> None:  # eventlet makes a context one of its own
        vars(object)["__class__"].__set__(self, cls)

    # ---- Numbers. Warnings point at the line that set ssl.SSLContext's property, two Python frames above.

    @property
    def protocol(self) -> int:
        return self._protocol

    @property
    def options(self) -> int:
        return _int(self, _codes.CONFIG_OPTIONS) & _UNSIGNED

    @options.setter
    def options(self, value: int) -> None:
        new = as_options(value)
        if new & ~self.options & _NO_VERSION_OPTIONS:
            text = "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated"
            warnings.warn(text, DeprecationWarning, stacklevel=3)
        _set_int(self, _codes.CONFIG_OPTIONS, new)

    @property
    def verify_flags(self) -> int:
        return _int(self, _codes.CONFIG_VERIFY_FLAGS) & _UNSIGNED

    @verify_flags.setter
    def verify_flags(self, value: int) -> None:
        _set_int(self, _codes.CONFIG_VERIFY_FLAGS, as_unsigned_long(value))

    @property
    def verify_mode(self) -> int:
        return _int(self, _codes.CONFIG_VERIFY_MODE)

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:
        mode = as_int(value)
        if mode == _consts.CERT_NONE and self.check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        if mode not in (_consts.CERT_NONE, _consts.CERT_OPTIONAL, _consts.CERT_REQUIRED):
            raise ValueError("invalid value for verify_mode")
        _set_int(self, _codes.CONFIG_VERIFY_MODE, mode)

    @property
    def check_hostname(self) -> bool:
        return _int(self, _codes.CONFIG_CHECK_HOSTNAME) == 1

    @check_hostname.setter
    def check_hostname(self, value: object) -> None:
        if value and self.verify_mode == _consts.CERT_NONE:
            _set_int(self, _codes.CONFIG_VERIFY_MODE, _consts.CERT_REQUIRED)
        _set_int(self, _codes.CONFIG_CHECK_HOSTNAME, int(bool(value)))

    @property
    def _host_flags(self) -> int:
        return _int(self, _codes.CONFIG_HOST_FLAGS)

    @_host_flags.setter
    def _host_flags(self, value: int) -> None:
        _set_int(self, _codes.CONFIG_HOST_FLAGS, as_unsigned_int(value))

    @property
    def minimum_version(self) -> int:
        return _int(self, _codes.CONFIG_MIN_VERSION)

    @minimum_version.setter
    def minimum_version(self, value: int) -> None:
        version = _bound(self, value)
        if version in _DEPRECATED_VERSIONS:
            warnings.warn(_DEPRECATED_VERSIONS[version], DeprecationWarning, stacklevel=3)
        _set_int(self, _codes.CONFIG_MIN_VERSION, version)

    @property
    def maximum_version(self) -> int:
        return _int(self, _codes.CONFIG_MAX_VERSION)

    @maximum_version.setter
    def maximum_version(self, value: int) -> None:
        version = _bound(self, value)
        if version in _DEPRECATED_VERSIONS:
            warnings.warn(_DEPRECATED_VERSIONS[version], DeprecationWarning, stacklevel=3)
        _set_int(self, _codes.CONFIG_MAX_VERSION, version)

    @property
    def num_tickets(self) -> int:
        """Control the number of TLSv1.3 session tickets."""
        return _int(self, _codes.CONFIG_NUM_TICKETS)

    @num_tickets.setter
    def num_tickets(self, value: int) -> None:
        number = as_long(value)
        if number < 0:
            raise ValueError("value must be non-negative")
        if self._protocol != _consts.PROTOCOL_TLS_SERVER:
            raise ValueError("SSLContext is not a server context.")
        _set_int(self, _codes.CONFIG_NUM_TICKETS, number)

    @property
    def post_handshake_auth(self) -> bool:
        return _int(self, _codes.CONFIG_POST_HANDSHAKE_AUTH) == 1

    @post_handshake_auth.setter
    def post_handshake_auth(self, value: object) -> None:
        _set_int(self, _codes.CONFIG_POST_HANDSHAKE_AUTH, int(bool(value)))

    @property
    def security_level(self) -> int:
        """The current security level."""
        return _int(self, _codes.CONFIG_SECURITY_LEVEL)

    # ---- Callbacks and the key log

    @property
    def sni_callback(self) -> Callback | None:
        """Set a callback that will be called when a server name is provided by the SSL/TLS client in the SNI extension.

        If the argument is None then the callback is disabled. The method is called
        with the SSLSocket, the server name as a string, and the SSLContext object.
        See RFC 6066 for details of the SNI extension.
        """
        return self._sni

    @sni_callback.setter
    def sni_callback(self, callback: Callback | None) -> None:
        if self._protocol == _consts.PROTOCOL_TLS_CLIENT:
            raise ValueError("sni_callback cannot be set on TLS_CLIENT context")
        _require_callable(callback, "not a callable object")
        _set_int(self, _codes.CONFIG_ASK_SNI, int(callback is not None))
        self._sni = callback

    @property
    def _msg_callback(self) -> Callback | None:
        return self._message

    @_msg_callback.setter
    def _msg_callback(self, callback: Callback | None) -> None:
        _require_callable(callback, "not a callable object")
        _set_int(self, _codes.CONFIG_TRACE, int(callback is not None))
        self._message = callback

    @property
    def keylog_filename(self) -> Any:
        keylog = self._keylog
        return None if keylog is None else keylog.filename

    @keylog_filename.setter
    def keylog_filename(self, filename: Any) -> None:
        old, self._keylog = self._keylog, None
        if old is not None:
            old.close()
        if filename is not None:
            os.fsencode(filename)
            from ._keylog import KeyLog  # only here: `import ssl` is to stay short

            self._keylog = KeyLog(filename)
        _set_int(self, _codes.CONFIG_KEYLOG, int(filename is not None))

    def set_psk_client_callback(self, callback: Callback | None) -> None:
        if self._protocol == _consts.PROTOCOL_TLS_SERVER:
            text = "Cannot add PSK client callback to a PROTOCOL_TLS_SERVER context"
            raise _errors.error(text, _errors.IN_PSK)
        _require_callable(callback, "callback must be callable")
        _set_int(self, _codes.CONFIG_ASK_PSK_CLIENT, int(callback is not None))
        self._psk_client = callback

    def set_psk_server_callback(self, callback: Callback | None, identity_hint: str | None = None) -> None:
        if self._protocol == _consts.PROTOCOL_TLS_CLIENT:
            text = "Cannot add PSK server callback to a PROTOCOL_TLS_CLIENT context"
            raise _errors.error(text, _errors.IN_PSK)
        _require_callable(callback, "callback must be callable")
        hint = b"" if identity_hint is None else _text(identity_hint, "set_psk_server_callback")
        _set(self, _codes.CONFIG_PSK_HINT, hint)
        _set_int(self, _codes.CONFIG_ASK_PSK_SERVER, int(callback is not None))
        self._psk_server = callback

    # ---- Lists

    def set_ciphers(self, cipherlist: str, /) -> None:
        rule = _text(cipherlist, "set_ciphers")
        failure = _lib.call("gossl_config_set", self._handle.value, _codes.CONFIG_CIPHERS, rule, len(rule))
        if failure is not None:
            raise _errors.plain("No cipher can be selected.")

    def set_ciphersuites(self, ciphersuites: str, /) -> None:
        names = _text(ciphersuites, "set_ciphersuites")
        _set_list(self, _codes.CONFIG_CIPHERSUITES, names, "No cipher suite can be selected.")

    def get_ciphers(self) -> list[dict[str, Any]]:
        found = _get(self, _codes.CONFIG_GET_CIPHERS)
        import json  # only here: `import ssl` is to stay short

        ciphers: list[dict[str, Any]] = json.loads(found) if found else []
        return ciphers

    def set_groups(self, grouplist: str, /) -> None:
        _set_list(self, _codes.CONFIG_GROUPS, _text(grouplist, "set_groups"), "unrecognized group")

    def get_groups(self, *, include_aliases: bool = False) -> list[str]:
        what = _codes.CONFIG_GET_GROUPS_ALIASES if include_aliases else _codes.CONFIG_GET_GROUPS
        return _names(_get(self, what))

    def set_ecdh_curve(self, name: str | bytes, /) -> None:
        curve = os.fsencode(name)
        failure = _lib.call("gossl_config_set", self._handle.value, _codes.CONFIG_ECDH_CURVE, curve, len(curve))
        if failure is None:
            return
        if failure.library:
            raise _errors.error("unknown error", _errors.IN_SET_ECDH_CURVE)
        raise ValueError(f"unknown elliptic curve name {name!r}")

    def set_client_sigalgs(self, sigalgslist: str, /) -> None:
        names = _text(sigalgslist, "set_client_sigalgs")
        _set_list(self, _codes.CONFIG_CLIENT_SIGALGS, names, "unrecognized signature algorithm")

    def set_server_sigalgs(self, sigalgslist: str, /) -> None:
        names = _text(sigalgslist, "set_server_sigalgs")
        _set_list(self, _codes.CONFIG_SERVER_SIGALGS, names, "unrecognized signature algorithm")

    def _set_alpn_protocols(self, protos: object, /) -> None:
        _set(self, _codes.CONFIG_ALPN, _lib.copied(protos))

    # ---- Certificates, keys, trust

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        _load.cert_chain(self._handle.value, certfile, keyfile, password)

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        _load.verify_locations(self._handle.value, cafile, capath, cadata)

    def set_default_verify_paths(self) -> None:
        _load.default_anchors(self._handle.value)

    def load_dh_params(self, path: Any, /) -> None:
        _load.dh_params(self._handle.value, path)

    def cert_store_stats(self) -> dict[str, int]:
        """Returns quantities of loaded X.509 certificates.

        X.509 certificates with a CA extension and certificate revocation lists
        inside the context's cert store.

        NOTE: Certificates in a capath directory aren't loaded unless they have
        been used at least once.
        """
        return {
            "x509": _int(self, _codes.CONFIG_STORE_X509),
            "crl": _int(self, _codes.CONFIG_STORE_CRL),
            "x509_ca": _int(self, _codes.CONFIG_STORE_X509_CA),
        }

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        """Returns a list of dicts with information of loaded CA certs.

        If the optional argument is True, returns a DER-encoded copy of the CA
        certificate.

        NOTE: Certificates in a capath directory aren't loaded unless they have
        been used at least once.
        """
        found = _cert.entries(_get(self, _codes.CONFIG_GET_CA_CERTIFICATES))
        return list(found) if binary_form else list(map(_cert.decode, found))

    def session_stats(self) -> dict[str, int]:
        return {name: _int(self, setting) for name, setting in _STATISTICS.items()}

    # ---- Connections

    def _wrap_socket(
        self,
        sock: Any,
        server_side: bool,
        server_hostname: str | None = None,
        *,
        owner: object = None,
        session: SSLSession | None = None,
    ) -> _SSLSocket:
        wrap = (_connections or _load_connections()).wrap_socket
        made: _SSLSocket = wrap(self, sock, bool(server_side), server_hostname, owner, session)
        return made

    def _wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool,
        server_hostname: str | None = None,
        *,
        owner: object = None,
        session: SSLSession | None = None,
    ) -> _SSLSocket:
        wrap = (_connections or _load_connections()).wrap_bio
        made: _SSLSocket = wrap(self, incoming, outgoing, bool(server_side), server_hostname, owner, session)
        return made


# The module that makes connections, which a program may never do.
_connections: Any = None


def _load_connections() -> Any:
    global _connections
    from . import _socket

    _connections = _socket
    return _socket


def new_context(protocol: int) -> _SSLContext:
    """A context for a protocol that is known to be one, without a warning if it is deprecated."""
    return _new(_SSLContext, protocol)


def _new(cls: type[_SSLContext], protocol: int) -> _SSLContext:
    if protocol == _consts.PROTOCOL_TLS_CLIENT:
        _lib.library(meanwhile=_stock.learn_places)  # which default anchors, if it gets them, ask for
    made = _lib.make("gossl_config_new", "gossl_config_free", protocol)
    if not isinstance(made, _lib.Handle):
        raise _errors.of_input(made or _lib.Failure(_codes.E_PANIC), _errors.IN_LISTS)
    self = object.__new__(cls)
    self._handle = made
    self._protocol = protocol
    self._keylog = self._message = self._psk_client = self._psk_server = self._sni = None
    return self


def get_sigalgs() -> list[str]:
    """The signature algorithms that can be used."""
    return _names(_get(_SSLContext(_consts.PROTOCOL_TLS_CLIENT), _codes.CONFIG_GET_SIGALGS))


def _int(context: _SSLContext, setting: int) -> int:
    value = _lib.get_config_int(context._handle.value, setting)
    if isinstance(value, _lib.Failure):
        raise _errors.of_input(value, _errors.IN_LISTS)
    return value


def _set_int(context: _SSLContext, setting: int, value: int) -> None:
    signed = value - (1 << 64) if value >= 1 << 63 else value
    _errors.check(_lib.call("gossl_config_set_int", context._handle.value, setting, signed))


def _get(context: _SSLContext, what: int) -> bytes:
    value = _lib.get("gossl_config_get", context._handle.value, what)
    if isinstance(value, int):
        raise _errors.of_status(value)
    return value


def _set(context: _SSLContext, setting: int, data: bytes) -> None:
    _errors.check(_lib.call("gossl_config_set", context._handle.value, setting, data, len(data)))


def _set_list(context: _SSLContext, setting: int, names: bytes, refusal: str) -> None:
    failure = _lib.call("gossl_config_set", context._handle.value, setting, names, len(names))
    if failure is not None:
        raise _errors.error(refusal, _errors.IN_LISTS)


def _names(data: bytes) -> list[str]:
    return data.decode("ascii").split(":") if data else []


def _text(value: object, function: str) -> bytes:
    if not isinstance(value, str):
        name = "None" if value is None else type(value).__name__
        raise TypeError(f"{function}() argument must be str, not {name}")
    if "\0" in value:
        raise ValueError("embedded null character")
    return value.encode("utf-8")


def _bound(context: _SSLContext, value: object) -> int:
    """The value for a bound of the version, if that protocol has bounds."""
    version = as_long(value)
    if version > 0x7FFFFFFF:
        raise OverflowError("Option is too long")
    if context._protocol not in _RANGE_PROTOCOLS:
        raise ValueError("The context's protocol doesn't support modification of highest and lowest version.")
    if version not in _VERSIONS:
        raise ValueError(f"Unsupported TLS/SSL version 0x{version & 0xFFFFFFFF:x}")
    return version


def _require_callable(callback: object, text: str) -> None:
    if callback is not None and not callable(callback):
        raise TypeError(text)


def _use_load(_library: _lib.Library) -> None:
    """Imports what reads files when the library is loaded: no context is there before, and importing ssl is shorter."""
    global _load
    from . import _load


_lib.when_loaded(_use_load)
