"""gossl.install() after libraries were imported, in the order that REAL_OPTION gives.

A word of it is a module to import, or "install", or "truststore!" (inject_into_ssl), or "gevent!" (patch_all).
"""

import importlib
import os
import sys

ORDER = os.environ["REAL_OPTION"].split()
# Before any of the order is imported, so nothing here but the standard library, and that without ssl.
import gossl  # noqa: E402


def carry_out(words):
    old = None
    for word in words:
        if word == "install":
            stock = sys.modules.get("ssl")
            old = stock and stock.create_default_context(cafile=os.environ["REAL_CERTS"] + "/ca.pem")
            gossl.install()
        elif word == "truststore!":
            importlib.import_module("truststore").inject_into_ssl()
        elif word == "gevent!":
            importlib.import_module("gevent.monkey").patch_all()
        else:
            importlib.import_module(word)
    return old


# What fetches and what serves are also started by this file, and run on nothing but the interpreter's own ssl.
OLD = carry_out(ORDER) if sys.argv[1] == "late" else None

import clients  # noqa: E402
import support  # noqa: E402

if sys.argv[1] != "late":
    support.main(None, None)

from gossl import _socket  # noqa: E402

made = []
new = _socket._new


def count(*arguments, **keywords):
    made.append(1)
    return new(*arguments, **keywords)


_socket._new = count
gevent = "gevent!" in ORDER
ways = [clients.by_urllib, clients.by_urllib3, clients.by_requests, clients.by_httpx, clients.by_boto3]
if not gevent:
    ways += [clients.by_aiohttp, clients.by_aiohttp_on_uvloop, clients.by_trio]


def fetch(way, port, context=None):
    """Whether the connection was ours."""
    made.clear()
    support.expect(way(port, context), "TLSv1.3 ")
    return bool(made)


def verified(ports):
    import ssl

    for way in ways:
        if not fetch(way, ports["good"]):
            raise AssertionError(f"{way.__name__} uses OpenSSL")
    mine = ssl.create_default_context(cafile=support.CA)
    if not isinstance(mine, ssl.SSLContext) or not fetch(clients.by_urllib, ports["good"], mine):
        raise AssertionError("a new context is not ours")
    mine.options |= ssl.OP_NO_TICKET
    # gevent replaces the class that a context of before makes its sockets of, and then it makes none.
    if OLD is not None and ORDER[-1] == "install" and fetch(clients.by_urllib, ports["good"], OLD):
        raise AssertionError("a context of OpenSSL's is not any more")


def refused(ports):
    for way in ways:
        support.expect_refusal(lambda way=way: way(ports["bad"], None), support.verification_failed)


def undone(ports):
    mode = gossl.status().mode
    gossl.uninstall()
    if mode == "late" and any(fetch(way, ports["good"]) for way in ways):
        raise AssertionError("still ours")


with support.Child(sys.argv[0], "serve", gossl=False) as child:
    ports = child.ports()
    row = {
        "verified": support.attempt(lambda: verified(ports)),
        "refused": support.attempt(lambda: refused(ports)),
        "uninstalled": support.attempt(lambda: undone(ports)),
    }
support.report(row)
sys.stdout.flush()
os._exit(0)
