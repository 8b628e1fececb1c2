"""One call of the program from its arguments to its exit code. Every error ends here, in words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from unstill.apps.cli.app import app
from unstill.apps.cli.call import Call
from unstill.apps.cli.incident import explained
from unstill.apps.cli.screen import Screen
from unstill.apps.cli.stopping import Stopped, listening
from unstill.apps.cli.streams import Stream, standing
from unstill.apps.cli.usage import UsageError, in_our_words
from unstill.core.durable import why
from unstill.core.services import Services
from unstill.domain.errors import AnswerNotWritten, Cancelled, UnstillError


def run(services: Services, arguments: Sequence[str]) -> int:
    """Carry out one call of the program; its exit code."""
    with standing() as out:
        screen = Screen.of(arguments, os.environ)
        return _answered(_listened(services, arguments, screen), screen, out)


def _answered(code: int, screen: Screen, out: Stream) -> int:
    """The exit code of a call whose answer may have got lost."""
    out.flush()
    if out.failure is None:
        return code
    error = AnswerNotWritten(**why(out.failure))
    screen.complain(error)
    return code or error.exit_code


def _listened(services: Services, arguments: Sequence[str], screen: Screen) -> int:
    with listening() as stop:
        call = Call(services, screen, stop)
        try:
            code = _carry_out(call, arguments)
        except (Stopped, Cancelled) as halt:
            if isinstance(halt, Cancelled) and stop.number is None:
                return _fail(call, halt)
            code = _stopped(call, halt)
        else:
            code = stop.exit_code if stop.number is not None else code
    return code


def _carry_out(call: Call, arguments: Sequence[str]) -> int:
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="unstill", standalone_mode=False, obj=call)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        return _fail(call, in_our_words(error, arguments))
    except Cancelled:
        raise
    except Exception as error:
        return _fail(call, explained(error, call.services))


def _fail(call: Call, error: UnstillError) -> int:
    call.screen.complain(error)
    if call.screen.json and not call.answered:
        call.screen.out_json(call.screen.error_json(error))
    return error.exit_code


def _stopped(call: Call, halt: Stopped | Cancelled) -> int:
    """A call that the person stopped. What stopping means is the command's own to say, or what is usual."""
    own = halt if isinstance(halt, Cancelled) and type(halt) is not Cancelled else None
    if own is not None:
        call.screen.warn(f"{own.message(call.screen.language)} {own.hint(call.screen.language)}")
    else:
        key = "stopped_after" if call.written else "stopped"
        print(call.screen.say(key, count=call.written), file=sys.stderr, flush=True)
    if call.screen.json and not call.answered:
        call.screen.out_json(call.screen.error_json(own or Cancelled()))
    return call.stop.exit_code
