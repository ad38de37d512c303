"""Fetching with many libraries in one process, for use_late.py and use_beside.py. Each imports what it uses."""

import asyncio

from support import CA, PATIENCE, url


def by_urllib(port, context):
    from urllib.request import urlopen

    with urlopen(url(port), context=context, timeout=PATIENCE) as answer:
        return answer.read().decode()


def by_urllib3(port, context):
    import urllib3

    how = {"ca_certs": CA} if context is None else {"ssl_context": context}
    with urllib3.PoolManager(retries=False, timeout=PATIENCE, **how) as pool:
        return pool.request("GET", url(port)).data.decode()


def by_requests(port, context):
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments, **keywords):
            super().init_poolmanager(*arguments, **keywords, ssl_context=context)

    with requests.Session() as session:
        if context is not None:
            session.mount("https://", Adapter())
        return session.get(url(port), timeout=PATIENCE, verify=CA).text


def by_httpx(port, context):
    import httpx

    with httpx.Client(verify=context or CA, timeout=PATIENCE, trust_env=False) as client:
        return client.get(url(port)).text


def by_aiohttp(port, context):
    import aiohttp

    async def run():
        timeout = aiohttp.ClientTimeout(PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(url(port), ssl=context or True) as answer:
                return await answer.text()

    return asyncio.run(run())


def by_aiohttp_on_uvloop(port, context):
    import uvloop

    policy = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        return by_aiohttp(port, context)
    finally:
        asyncio.set_event_loop_policy(policy)


def by_trio(port, context):
    import httpcore
    import trio

    async def run():
        async with httpcore.AsyncConnectionPool(ssl_context=context) as pool:
            return (await pool.request("GET", url(port))).content.decode()

    return trio.run(run)


def by_boto3(port, context):
    """As far as botocore's own client of HTTP."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    assert context is None
    return URLLib3Session(verify=CA).send(AWSRequest("GET", url(port)).prepare()).text
