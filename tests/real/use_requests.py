"""requests."""

from support import CA, PATIENCE, main, url


def fetch(port, certificate):
    import requests

    with requests.Session() as session:
        return session.get(url(port), verify=CA, cert=certificate, timeout=PATIENCE).text


main(None, fetch)
