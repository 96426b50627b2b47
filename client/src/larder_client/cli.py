"""The command line."""

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from larder_client import __version__, dists, projects, settings
from larder_client.errors import Interrupted, LarderError, UsageError
from larder_client.sessions import Sessions
from larder_client.settings import Credential, Environment
from larder_client.terminal import Progress, Terminal
from larder_client.upload import Options, Upload
from larder_client.wire import Index, Line

INTERRUPTED = 130
_MOST_PARALLEL = 32

_ABOUT = "Publish to a private Python package index, a Larder."
_WHERE = """\
The index is taken from --index, --repository (a section of ~/.pypirc), LARDER_INDEX,
TWINE_REPOSITORY_URL, UV_PUBLISH_URL, TWINE_REPOSITORY or the section [larder] of
~/.pypirc. Any URL of it will do: https://HOST, https://HOST/simple/, https://HOST/legacy/.

The token is taken from --token-stdin, LARDER_TOKEN, UV_PUBLISH_TOKEN, TWINE_PASSWORD,
UV_PUBLISH_PASSWORD, the URL of the index, ~/.pypirc, ~/.netrc (or NETRC) or the keyring,
whichever has one first. It is sent to the index alone, never to its storage.
"""
_EXAMPLES = """\
examples:
  larder upload dist/*                     publish everything that was built
  larder upload --no-publish dist/*        send it, but let only testers see it
  larder status                            whose token is this, what may it do?
  larder status my-package                 what is published?
  larder yank my-package 1.2 --reason "breaks on Windows"
  larder unyank my-package 1.2

`larder COMMAND --help` says more. Ends with 0: done, 1: refused or failed,
2: wrong usage or setting, 130: stopped by Ctrl-C.
"""
_UPLOAD = """\
All files of a release become visible together, once each of them has arrived and was
inspected. Large files travel in parts, several at a time.

Whatever stops it, run the same command again: parts that have arrived are not sent
again, and files that are published already, with the same bytes, are skipped. Other bytes
under a published name are refused: a published file never changes.

Many CI jobs may send the files of one release with --no-publish; the last one, given all
of them, publishes. --restart throws away what an earlier, unfinished upload has left.
"""
_YANK = """\
Installers then take the release only where it is asked for exactly (PEP 592), and show the
reason. Nothing is deleted; `larder unyank` takes it back. The token needs the permission
`manage`.
"""


def run() -> None:
    """Run the command and end the process with its exit code."""
    code = main(sys.argv[1:], out=sys.stdout, err=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    if code == INTERRUPTED:
        # Threads may wait for an answer for minutes, and nobody wants to wait for them.
        os._exit(code)
    sys.exit(code)


def main(
    arguments: Sequence[str],
    *,
    out: TextIO,
    err: TextIO,
    env: Environment | None = None,
    home: Path | None = None,
    stdin: TextIO | None = None,
) -> int:
    """Run the command and return its exit code."""
    terminal = Terminal(out, err)
    env = os.environ if env is None else env  # noqa: TID251 - the command's own settings
    try:
        options = _parser().parse_args(arguments)
        options.run(_Context(options, terminal, env, home or _home(), stdin or sys.stdin))
    except SystemExit as end:  # argparse has said why
        return int(end.code or 0)
    except LarderError as error:
        terminal.note(f"larder: {error}")
        return error.exit_code
    except (KeyboardInterrupt, Interrupted):
        terminal.note("larder: stopped. What has arrived is kept: run the same command to go on.")
        return INTERRUPTED
    return 0


def _home() -> Path:
    # `Path.home` fails for an account without a home, as CI containers have; this stays "~".
    return Path(os.path.expanduser("~"))  # noqa: PTH111


class _Context:
    """What a command needs: its options, the terminal, and the index that was chosen."""

    def __init__(
        self,
        options: argparse.Namespace,
        terminal: Terminal,
        env: Environment,
        home: Path,
        stdin: TextIO,
    ) -> None:
        self.options = options
        self.terminal = terminal
        rc = settings.pypirc(home)
        where = settings.find_index(options.index, options.repository, env, rc)
        if options.token_stdin:
            credential = Credential(password=_first_line(stdin))
        else:
            credential = settings.find_credential(where, env, rc, home)
        line = Line(
            stop=threading.Event(),
            note=lambda text: terminal.note(f"  {text}"),
            size=getattr(options, "parallel", 1) * 2,
        )
        self.index = Index(where, credential, line)


def _first_line(stdin: TextIO) -> str:
    line = stdin.readline().strip()
    if not line:
        raise UsageError("There is no token on the standard input.")
    return line


def _upload(context: _Context) -> None:
    given = context.options
    paths = dists.find(given.files)
    options = Options(
        parallel=given.parallel,
        publish=given.publish,
        restart=given.restart,
        strict=not given.skip_existing,
        attestations=given.attestations,
    )
    Upload(Sessions(context.index), Progress(context.terminal), options).run(paths)


def _status(context: _Context) -> None:
    given = context.options
    if given.project is None:
        projects.show_account(context.index, context.terminal)
    else:
        projects.show_project(context.index, given.project, given.version, context.terminal)


def _yank(context: _Context) -> None:
    given = context.options
    done = projects.yank(context.index, given.project, given.version, given.file, given.reason)
    context.terminal.line(f"Yanked: {', '.join(done)}")


def _unyank(context: _Context) -> None:
    given = context.options
    done = projects.unyank(context.index, given.project, given.version, given.file)
    context.terminal.line(f"No longer yanked: {', '.join(done)}")


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="larder", description=_ABOUT, epilog=f"{_EXAMPLES}\n{_WHERE}", formatter_class=form
    )
    parser.add_argument("--version", action="version", version=f"larder {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    common = _common()

    upload = commands.add_parser(
        "upload",
        help="publish wheels and sdists of any size",
        description=_UPLOAD,
        epilog=_WHERE,
        formatter_class=form,
        parents=[common],
    )
    upload.set_defaults(run=_upload)
    _add_upload_options(upload)

    status = commands.add_parser(
        "status",
        help="tell what the token may do, or what is published of a project",
        epilog=_WHERE,
        formatter_class=form,
        parents=[common],
    )
    status.set_defaults(run=_status)
    status.add_argument("project", nargs="?", help="a project; without one, about the token")
    status.add_argument("version", nargs="?", help="one version of it")

    for name, action, text in (
        ("yank", _yank, "warn installers off a release"),
        ("unyank", _unyank, "take a yank back"),
    ):
        command = commands.add_parser(
            name,
            help=text,
            description=_YANK,
            epilog=_WHERE,
            formatter_class=form,
            parents=[common],
        )
        command.set_defaults(run=action)
        command.add_argument("project")
        command.add_argument("version")
        command.add_argument(
            "--file", action="append", default=[], help="only this file of it (repeatable)"
        )
        if name == "yank":
            command.add_argument("--reason", help="shown by installers")
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    where = common.add_argument_group("index and token")
    where.add_argument("--index", metavar="URL", help="the index")
    where.add_argument("--repository", "-r", metavar="NAME", help="a section of ~/.pypirc")
    where.add_argument("--token-stdin", action="store_true", help="read the token from stdin")
    return common


def _add_upload_options(upload: argparse.ArgumentParser) -> None:
    upload.add_argument("files", nargs="+", metavar="FILE", help="wheels and sdists: dist/*")
    upload.add_argument(
        "--parallel",
        type=_parallel,
        default=4,
        metavar="N",
        help="how many files and parts travel at a time (4)",
    )
    upload.add_argument(
        "--no-publish",
        dest="publish",
        action="store_false",
        help="leave the files where only testers see them, and say where that is",
    )
    upload.add_argument(
        "--skip-existing",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="skip identical files that are published already (the default), or refuse them",
    )
    upload.add_argument(
        "--restart", action="store_true", help="throw away what an unfinished upload has left"
    )
    upload.add_argument(
        "--attestations",
        action="store_true",
        help=f"send the attestations (FILE.publish{dists.ATTESTATION}) that lie beside the files",
    )


def _parallel(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= _MOST_PARALLEL:
        raise argparse.ArgumentTypeError(f"a number from 1 to {_MOST_PARALLEL}, not {text!r}")
    return number
