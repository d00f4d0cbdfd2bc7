"""Command line: `python -m ccmarket.embedded demo | run | clean`."""

import argparse
import sys

from ccmarket.embedded.clean import clean
from ccmarket.embedded.demo import demo
from ccmarket.embedded.layout import EmbeddedError, Layout
from ccmarket.embedded.logs import Console
from ccmarket.embedded.throwaway import run


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ccmarket.embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run everything until Ctrl-C; PORT chooses the port")
    commands.add_parser("clean", help="stop the demo and forget its state")
    private = commands.add_parser("run", help="run a command with private, throw-away services")
    private.add_argument("--durable", action="store_true", help="PostgreSQL as safe as the demo's")
    private.add_argument("--with-chain", action="store_true", help="a local chain as well")
    private.add_argument("words", nargs="*", metavar="COMMAND", help="after --")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    arguments = parse(words)
    layout, console = Layout.default(), Console()
    try:
        if arguments.command == "demo":
            return demo(layout, console)
        if arguments.command == "clean":
            return clean(layout, console)
        return run(
            layout,
            arguments.words,
            console,
            durable=arguments.durable,
            with_chain=arguments.with_chain,
        )
    except EmbeddedError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
