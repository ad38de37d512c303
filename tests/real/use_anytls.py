"""urllib3-future, whose anytls picks the ssl module: "ssl" is gossl's where gossl is installed."""

import os

os.environ["URLLIB3_FUTURE_SSL_BACKEND"] = "ssl"

from support import CA, PATIENCE, main, url


def fetch(port, certificate):
    import urllib3
    from urllib3.contrib import anytls

    if anytls.BACKEND != "ssl" or "gossl" not in anytls.ssl.OPENSSL_VERSION:
        raise AssertionError(anytls.BACKEND)
    cert, key = certificate or (None, None)
    with urllib3.PoolManager(ca_certs=CA, cert_file=cert, key_file=key, retries=False, timeout=PATIENCE) as pool:
        return pool.request("GET", url(port)).data.decode()


main(None, fetch)
