"""`make clean-demo`: stop what runs from this `var/` and forget its state."""

import os
import shutil

from ccmarket.embedded.guard import running_supervisor
from ccmarket.embedded.layout import EmbeddedError, Layout
from ccmarket.embedded.logs import Console
from ccmarket.embedded.records import stop_process, stop_recorded
from ccmarket.embedded.services import REPLACEMENTS

# Downloads are not state, and tests may be running.
KEPT = ("cache", "test")


def clean(layout: Layout, console: Console) -> int:
    """Returns the exit code."""
    holder = running_supervisor(layout)
    if holder:
        record, process = holder
        console.say("Stopping the running demo")
        stop_process(process, record.stop_signal, record.stop_timeout_s)
    for name in stop_recorded(layout.run):
        console.say(f"Stopped {name}, left over from the last run")
    layout.remove_sockets()
    if layout.var.exists():
        _empty(layout)
    console.say(f"Forgot everything in {layout.var} except: {', '.join(KEPT)}")
    for variable in REPLACEMENTS:
        if os.environ.get(variable):
            console.say(f"What {variable} points to was left as it is.")
    return 0


def _empty(layout: Layout) -> None:
    for path in layout.var.iterdir():
        if path.name in KEPT:
            continue
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except PermissionError as error:
            raise EmbeddedError(
                f"Cannot delete {path}: it belongs to somebody else. Delete it as its owner."
            ) from error
