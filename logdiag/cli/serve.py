"""`logdiag serve`: a web page on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli import options
from logdiag.cli.printing import say, usage_error


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; other machines reach only their own.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free port.")] = 0,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the diagnoses there, or open an output of batch.")
    ] = None,
    keep_inputs: Annotated[
        bool, typer.Option("--keep-inputs", help="With --store: keep the uploaded files, too.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Encrypt with this certificate (PEM).")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The key of the certificate (PEM).")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="What one diagnosis may use, such as 4G (default: half of all)."),
    ] = None,
    language: options.Language = "en",
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> None:
    """Show a web page on this machine: upload snapshots, read the report, compare, ask.

    Only this machine can connect, unless --host is given. The printed link signs one browser in, once.
    """
    try:
        from logdiag.serve.server import serving
    except ImportError as error:
        usage_error(f"serve needs a package ({error.name}): pip install 'logdiag[serve]'")
    from logdiag.i18n import gettext, speaking
    from logdiag.serve.security import is_loopback
    from logdiag.serve.workers import default_memory

    size = options.memory_of(memory) or default_memory()
    if (certificate is None) != (key is None):
        usage_error("--certificate and --key go together")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            usage_error(f"{file}: there is no such file")
    if keep_inputs and store is None:
        usage_error("--keep-inputs goes with --store: without it, nothing is kept")

    def announce(link: str) -> None:
        with speaking(language):
            say(gettext("A browser has signed in. For another one: {link}").format(link=link), quiet)

    with speaking(language):
        how = options.diagnosis_options(rules, limit, jobs=jobs, language=language)
        if rules:
            options.library_of(rules, language)  # a wrong rule ends the command now, not each diagnosis
        with serving(
            how,
            announce,
            host=host,
            port=port,
            store=store,
            keep_inputs=keep_inputs,
            memory=size,
            certificate=certificate,
            key=key,
        ) as (link, opener, run):
            if not is_loopback(host) and certificate is None:
                say(
                    gettext(
                        "warning: the connection is not encrypted: "
                        "others on the network can read it and sign in"
                    ),
                    quiet=False,
                )
            # Not quiet: without the link nobody can sign in.
            say(gettext("Open {link}").format(link=link), quiet=False)
            say(gettext("The server ends with Ctrl-C."), quiet)
            if open_:
                import threading
                import webbrowser

                # A page that leads to the link: other users can see the arguments of a browser's process.
                threading.Thread(target=webbrowser.open, args=(opener.as_uri(),), daemon=True).start()
            run()
