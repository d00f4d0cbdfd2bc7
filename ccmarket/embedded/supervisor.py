"""Keeps a set of programs running: starts them in order, restarts what dies, stops them all."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccmarket.embedded.guard import StopSignals
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.logs import DIM, Console
from ccmarket.embedded.program import Child, Program
from ccmarket.embedded.records import stop_recorded
from ccmarket.embedded.wait import wait_done, wait_ready

# A first crash is restarted at once; one that keeps crashing, ever more slowly.
RESTART_DELAYS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
STEADY_S = 15.0


@dataclass
class Watched:
    """A child and when to start it again."""

    child: Child
    crashes: int = 0
    restart_at_s: float | None = None


class Supervisor:
    """Programs in stages: a stage starts when the one before is ready, and stops before it."""

    def __init__(self, layout: Layout, console: Console, signals: StopSignals) -> None:
        self.layout = layout
        self.console = console
        self._signals = signals
        self._stages: list[list[Watched]] = []
        self._env: dict[str, str] = {}

    def stop_leftovers(self) -> None:
        """Stop what a supervisor that was killed may have left running."""
        for name in stop_recorded(self.layout.run):
            self.console.say(f"  Stopped {name}, left over from the last run")

    def start(self, programs: Sequence[Program], env: Mapping[str, str]) -> None:
        """Start a stage and wait until all of it is ready; raises EmbeddedError if it fails."""
        stage = [Watched(Child(program, self.layout, self.console)) for program in programs]
        self._stages.append(stage)
        self._env = dict(env)
        for watched in stage:
            watched.child.start(self._env)
        wait_ready(
            [watched.child for watched in stage],
            on_ready=self._tell_ready,
            check_stop=self._signals.check,
        )

    def run_once(self, program: Program, env: Mapping[str, str]) -> None:
        """Run a program to its end; raises EmbeddedError with the end of its log if it fails.

        What a talkative one says is shown.
        """
        self.console.follow(*([program.name] if program.is_talkative else []))
        child = Child(program, self.layout, self.console)
        self._stages.append([Watched(child)])
        child.start(env)
        took_s = wait_done(child, check_stop=self._signals.check)
        child.finish()
        self._stages.pop()
        self.console.follow()
        self._progress(child, "done", took_s)

    def _tell_ready(self, child: Child, age_s: float) -> None:
        self._progress(child, "ready" if child.program.ready else "started", age_s)

    def _progress(self, child: Child, state: str, took_s: float) -> None:
        seconds = self.console.paint(f"{took_s:6.1f} s", DIM)
        self.console.say(f"  {child.program.label:<28} {state:<8}{seconds}")

    def tend(self) -> None:
        """One look at every child; restarts those that died. Call it several times a second."""
        now_s = time.monotonic()
        for stage in self._stages:
            for watched in list(stage):
                if watched.child.program.is_once:
                    if watched.child.exit_code is not None:
                        watched.child.finish()
                        stage.remove(watched)
                    continue
                if watched.restart_at_s is None:
                    self._notice(watched, now_s)
                if watched.restart_at_s is not None and now_s >= watched.restart_at_s:
                    watched.restart_at_s = None
                    watched.child.start(self._env)

    def _notice(self, watched: Watched, now_s: float) -> None:
        code = watched.child.exit_code
        if code is None:
            return
        watched.child.sweep()
        if now_s - watched.child.started_s > STEADY_S:
            watched.crashes = 0
        delay_s = RESTART_DELAYS_S[min(watched.crashes, len(RESTART_DELAYS_S) - 1)]
        watched.crashes += 1
        watched.restart_at_s = now_s + delay_s
        end = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        when = f"in {delay_s:g} s" if delay_s else "now"
        name = watched.child.program.name
        self.console.warn(f"{name} {end}; starting it again {when} ({watched.child.log_path})")

    def stop(self) -> None:
        """Stop everything, the last stage first; returns when nothing is left."""
        while self._stages:
            stage = self._stages.pop()
            for watched in reversed(stage):
                watched.child.send_stop()
            for watched in reversed(stage):
                if not watched.child.finish():
                    name = watched.child.program.name
                    self.console.warn(f"{name} did not stop by itself and was killed")
