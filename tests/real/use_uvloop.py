"""asyncio's streams on uvloop."""

import asyncio

import uvloop
from support import main
from use_asyncio import fetch, serve

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
main(serve, fetch)
