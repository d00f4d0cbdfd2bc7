"""The demo's supervisor with trivial processes: `python -m tests.support.small_stack`.

`CCMARKET_VAR` and `PORT` say where. The website answers every request with 200; the engine sleeps.
"""

import sys

from ccmarket.embedded.demo import demo
from ccmarket.embedded.layout import EmbeddedError, Layout, python
from ccmarket.embedded.logs import Console
from ccmarket.embedded.program import Program
from ccmarket.embedded.stack import Command, Stack

WEBSITE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# A process with a process of its own, which has to go with it.
ENGINE = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


class SmallStack(Stack):
    def preparations(self) -> list[Program]:
        return [
            Program("quiet", lambda: (python(), "-c", "print('Noise')")),
            Program("talks", lambda: (python(), "-c", "print('Prepared')"), is_talkative=True),
        ]

    def table(self) -> list[dict[str, Command]]:
        return [
            {"web": (python(), "-c", WEBSITE, str(self.address.port))},
            {"engine": (python(), "-c", ENGINE)},
        ]

    def afterwards(self) -> list[Program]:
        return [
            Program("brief", lambda: (python(), "-c", "print('Once')"), is_once=True),
            Program("long", lambda: (python(), "-c", ENGINE), is_once=True),
        ]


if __name__ == "__main__":
    try:
        sys.exit(demo(Layout.default(), Console(), SmallStack))
    except EmbeddedError as error:
        sys.exit(f"\n{error}")
