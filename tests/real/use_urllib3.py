"""urllib3, 1.26 and 2."""

from support import CA, PATIENCE, main, url


def fetch(port, certificate):
    import urllib3

    cert, key = certificate or (None, None)
    with urllib3.PoolManager(ca_certs=CA, cert_file=cert, key_file=key, retries=False, timeout=PATIENCE) as pool:
        return pool.request("GET", url(port)).data.decode()


main(None, fetch)
