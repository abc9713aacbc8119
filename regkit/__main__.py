"""The command line: ``python -m regkit compare``."""

import io
import os
import sys
from collections.abc import Sequence

from regkit.commands.arguments import build_parser, did_you_mean
from regkit.commands.failure import fail


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; ``sys.argv[1:]`` by default.

    Returns
    -------
    code : int
        0 for success. Errors in what the user gave leave through SystemExit with
        code 2 and one line on stderr, Ctrl-C returns 130.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal without the characters of the data shows their codes.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = build_parser()
    try:
        given = sys.argv[1:] if argv is None else list(argv)
        arguments, unknown = parser.parse_known_args(given)
        prog = getattr(arguments, "prog", parser.prog)
        if unknown:  # argparse would point at the help that lists commands only
            usage = getattr(arguments, "usage", parser.format_usage)()
            meant = did_you_mean(unknown, usage)
            wrong = f"unknown arguments: {' '.join(unknown)}{meant}"
            fail(f"{wrong} (see {prog} --help)", prog)
        arguments.command_line = [*parser.prog.split(), *given]
        if arguments.command is None:
            parser.print_help()
        # Each command imports what it needs when it runs, --help nothing.
        elif arguments.command == "predict":
            from regkit.commands import predict

            predict.run(arguments)
        elif arguments.command == "warm-up":
            from regkit.commands import warm_up

            warm_up.run(arguments)
        else:
            from regkit.commands import compare

            compare.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone. Python flushes stdout once more at exit:
        # give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a program killed by SIGPIPE
    except OSError as error:
        fail(f"cannot write the output: {error.strerror}", parser.prog)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
