"""httpx with HTTP/1.1."""

from support import PATIENCE, client_context, main, url


def fetch(port, certificate):
    import httpx

    with httpx.Client(verify=client_context(certificate), timeout=PATIENCE, trust_env=False) as client:
        return client.get(url(port)).text


main(None, fetch)
