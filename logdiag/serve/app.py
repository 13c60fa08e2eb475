"""The routes of the server: each page, download and form."""

import asyncio
import re
import secrets
import shutil
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from logdiag.batch.rows import Job as CaseJob
from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.serve import pages, tasks
from logdiag.serve.cases import Case, Cases
from logdiag.serve.jobs import STAGES, WORKERS, Job, Jobs
from logdiag.serve.uploads import Upload, UploadError, receive
from logdiag.serve.workers import TaskError, Worker, Workers

_MAX_LISTED = 100
_MAX_SEARCH_WORDS = 8
_MAX_CASE_CHARS = 200
_MAX_LABEL_CHARS = 120
_MAX_QUERY_FORM = 1 << 18

DOWNLOADS = {
    "report": ".html",
    "brief": ".html",
    "ticket": ".md",
    "short-ticket": ".md",
    "findings": ".json",
    "sarif": ".sarif",
    "junit": ".xml",
}
"""The downloads of a case, and their suffixes."""
_BRIEF = ("brief", "short-ticket")


@dataclass
class Site:
    """The state of a server. ``scratch`` is a folder of this run, ``stored`` whether the cases stay."""

    cases: Cases
    scratch: Path
    options: Options
    workers: Workers
    keep_inputs: bool = False
    stored: bool = False
    jobs: Jobs = field(init=False)
    _slots: asyncio.Semaphore = field(init=False, repr=False)
    _publishing: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.workers, tasks.diagnose_case, self._finish, self.cases.remove)
        self._slots = asyncio.Semaphore(WORKERS)

    def close(self) -> None:
        """End all processes."""
        self.workers.close()
        self.jobs.close()

    # ── tasks ───────────────────────────────────────────────────────────────────────────────

    async def run(self, request: Request, task: Callable[..., Any], *arguments: Any) -> Any:
        """Run a task for a browser, and end it if the browser does not wait for it. Raises TaskError."""
        async with self._slots:
            with self.workers.worker() as worker:
                work = asyncio.ensure_future(run_in_threadpool(worker.run, task, *arguments))
                # Every half second is often enough: a task that nobody waits for may run for minutes.
                while not (await asyncio.wait([work], timeout=0.5))[0]:
                    if await request.is_disconnected():
                        worker.cancel()
                return work.result()

    def _publish(self, worker: Worker) -> None:
        """Write what all cases have in common, after a case was added or deleted. Raises TaskError."""
        # One at a time, so that the last one has all cases.
        with self._publishing:
            worker.run(tasks.publish, str(self.cases.folder), self.options)

    def _finish(self, job: Job, worker: Worker) -> None:
        if not job.keep:
            shutil.rmtree(job.upload.folder, ignore_errors=True)
        self._publish(worker)
        self.cases.reload()

    # ── pages ───────────────────────────────────────────────────────────────────────────────

    async def first(self, request: Request) -> Response:
        """The form for a new diagnosis, and the earlier ones."""
        cases = self.cases.all()
        return pages.page(
            "serve_first.html.jinja",
            cases=cases[:_MAX_LISTED],
            total=len(cases),
            jobs=list(self.jobs.all.values()),
            stages=STAGES,
            stored=self.stored,
            keeps=self.keep_inputs,
        )

    async def diagnose(self, request: Request) -> Response:
        """Take the files of a new diagnosis, or more files for a case: all are diagnosed again, together."""
        earlier = self._case(request) if "name" in request.path_params else None
        if earlier is not None and earlier.upload is None:
            said = gettext("The uploaded files are deleted. Start a new diagnosis with all files.")
            raise UploadError(409, said)
        name = secrets.token_hex(8)
        upload = await receive(request, self.cases.uploads / name, self.options.limits)
        if not upload.files:
            shutil.rmtree(upload.folder, ignore_errors=True)
            said = gettext("No file and no text was given. Drop or choose files, or paste text.")
            raise UploadError(400, said)
        number, before = upload.fields.get("case", "")[:_MAX_CASE_CHARS], None
        if earlier is not None and earlier.upload is not None:
            await run_in_threadpool(upload.add, earlier.upload)
            number, before = number or earlier.number, (earlier.name, earlier.findings)
        label = _label(number, upload)
        options = replace(self.options, case=number) if number else self.options
        arguments = str(self.cases.folder), CaseJob(name, label, ()), upload, options, before
        self.jobs.add(Job(name, label, upload, arguments, keep="keep" in upload.fields))
        return _see(f"/case/{name}")

    async def case(self, request: Request) -> Response:
        """The progress of a diagnosis, or its result."""
        job = self.jobs.all.get(request.path_params["name"])
        if job is not None:
            return pages.page(
                "serve_job.html.jinja",
                job=job,
                said=pages.explain(job.failure) if job.failure else (),
                stages=STAGES,
                before=self.jobs.waiting_before(job),
                left=job.seconds_left,
            )
        case = self._case(request)
        others = [one for one in self.cases.all() if one.name != case.name and one.row.has_report]
        return pages.page(
            "serve_case.html.jinja",
            case=case,
            earlier=self.cases.get(case.earlier),
            others=others[:_MAX_LISTED],
            downloads=DOWNLOADS,
        )

    async def cancel(self, request: Request) -> Response:
        """End a diagnosis that waits or runs."""
        if job := self.jobs.all.get(request.path_params["name"]):
            self.jobs.cancel(job)
        return _see("/")

    async def delete(self, request: Request) -> Response:
        """Delete all of a case, or remove a failed diagnosis from the list."""
        name = request.path_params["name"]
        job = self.jobs.all.get(name)
        # Its process would write the case after it was deleted.
        if job is not None and job.failure is None:
            raise HTTPException(409)
        if job is None:
            await run_in_threadpool(self._remove, self._case(request).name)
        self.jobs.all.pop(name, None)
        return _see("/")

    def _remove(self, name: str) -> None:
        self.cases.remove(name)
        with self.workers.worker() as worker:
            self._publish(worker)  # the dataset and the index contain the case, too

    async def forget(self, request: Request) -> Response:
        """Delete the uploaded files of a case."""
        case = self._case(request)
        await run_in_threadpool(self.cases.remove_upload, case.name)
        return _see(f"/case/{quote(case.name)}")

    async def report(self, request: Request) -> Response:
        """The report as it was written."""
        return pages.report(self._case(request).report)

    async def download(self, request: Request) -> Response:
        """Another form of the report."""
        case, form = self._case(request), request.path_params["form"]
        if form not in DOWNLOADS:
            raise HTTPException(404)
        suffix, brief, redacted = DOWNLOADS[form], form in _BRIEF, "redacted" in request.query_params
        target = self._target(suffix)
        written = {"report": case.report, "findings": case.findings}.get(form)
        # A copy: the file in the store may be deleted while it is sent.
        if written is not None and not redacted:
            await run_in_threadpool(shutil.copyfile, written, target)
        else:
            await self.run(request, tasks.render, case.findings, suffix, brief, redacted, target)
        parts = ["logdiag", case.name[:40], *["brief"] * brief, *["redacted"] * redacted]
        return _file(target, re.sub(r"[^\w.-]", "-", "-".join(parts), flags=re.ASCII) + suffix)

    async def compare(self, request: Request) -> Response:
        """What changed since another case."""
        new, old = self._case(request), self._named(request.query_params.get("with", ""))
        return await self._view(request, tasks.compare, old.findings, new.findings, self.options.language)

    async def procedures(self, request: Request) -> Response:
        """The procedures with the peers of the case."""
        return await self._view(request, tasks.write_procedures, self._case(request).upload, self.options)

    async def _view(self, request: Request, task: Callable[..., Any], *arguments: Any) -> Response:
        """A page that a task writes, as the command does, in the frame of a page of the server."""
        query = request.query_params
        if "frame" not in query:
            return pages.page(
                "serve_view.html.jinja",
                case=self._case(request),
                old=self.cases.get(query.get("with", "")),
                source=f"{quote(request.url.path)}?{urlencode([*query.items(), ('frame', 1)])}",
            )
        target = self._target(".html")
        await self.run(request, task, *arguments, target)
        return pages.report(target, BackgroundTask(target.unlink))

    async def ask(self, request: Request) -> Response:
        """A query over the tables of a case, and its answer."""
        case, sql, target, answer = self._case(request), "", None, None
        problem: tuple[str, ...] = ()
        if request.method == "POST":
            if not 0 <= int(request.headers.get("content-length", -1)) <= _MAX_QUERY_FORM:
                raise UploadError(413, gettext("A field of the form is too long."))
            async with request.form(max_files=0, max_fields=8) as form:
                sql = str(form.get("sql", "")).replace("\r\n", "\n")
                target = self._target(".csv") if "csv" in form else None
        if sql.strip():
            arguments = sql, case.upload, case.findings, self.options, target
            try:
                answer = await self.run(request, tasks.ask, *arguments)
            except TaskError as failure:
                problem = pages.explain(failure)
            else:
                if target is not None:
                    return _file(target, "answer.csv")
        return pages.page(
            "serve_ask.html.jinja",
            400 if problem else 200,
            case=case,
            sql=sql,
            problem=problem,
            answer=answer,
        )

    async def search(self, request: Request) -> Response:
        """The cases that have all words of a search."""
        given = request.query_params.get("q", "")
        words = given.casefold().split()[:_MAX_SEARCH_WORDS]
        cases = self.cases.all()
        hits: dict[str, list[list[str]]] = {}
        if words:
            found = await self.run(request, tasks.search, self.cases.folder, words)
            hits = found["hits"]
            for word, names in zip(words, map(set, found["cases"]), strict=True):
                cases = [case for case in cases if case.name in names or case.mentions(word)]
        return pages.page(
            "serve_search.html.jinja", words=given, cases=cases[:_MAX_LISTED], total=len(cases), hits=hits
        )

    def _case(self, request: Request) -> Case:
        return self._named(request.path_params["name"])

    def _named(self, name: str) -> Case:
        case = self.cases.get(name)
        if case is None or not case.row.has_report:
            raise HTTPException(404)
        return case

    def _target(self, suffix: str) -> Path:
        return self.scratch / f"{secrets.token_hex(8)}{suffix}"


def make_app(site: Site) -> Starlette:
    """Return the application: the routes of a site. It does not decide who may use it."""

    def route(method: str, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        async def answer_in_language(request: Request) -> Response:
            with speaking(site.options.language):
                try:
                    return await answer(request)
                except UploadError as error:
                    title = gettext("The files could not be used")
                    return pages.message(title, str(error), status=error.status, back="/")
                except TaskError as failure:
                    status = {"mistake": 400, "disk": 507}.get(failure.reason, 500)
                    title = gettext("There is no result")
                    return pages.message(title, *pages.explain(failure), status=status, back="/")
                except FileNotFoundError:
                    raise HTTPException(404) from None

        return Route(path, answer_in_language, methods=[method])

    async def on_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        with speaking(site.options.language):
            titles = {
                404: gettext("There is no such diagnosis: it was deleted, or the server was started again."),
                405: gettext("This cannot be done here."),
                409: gettext("The diagnosis is still running. Cancel it first."),
            }
            title = titles.get(status, gettext("Something went wrong in the server."))
            said = () if isinstance(error, HTTPException) else (f"{type(error).__name__}: {error}"[:500],)
            return pages.message(title, *said, status=status, back="/")

    case = "/case/{name}"
    routes = [
        route("GET", "/", site.first),
        route("GET", "/search", site.search),
        route("POST", "/diagnose", site.diagnose),
        route("GET", case, site.case),
        route("GET", f"{case}/report", site.report),
        route("GET", f"{case}/download/{{form}}", site.download),
        route("GET", f"{case}/compare", site.compare),
        route("GET", f"{case}/procedures", site.procedures),
        route("GET", f"{case}/ask", site.ask),
        route("POST", f"{case}/ask", site.ask),
        route("POST", f"{case}/add", site.diagnose),
        route("POST", f"{case}/cancel", site.cancel),
        route("POST", f"{case}/delete", site.delete),
        route("POST", f"{case}/forget", site.forget),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: on_error, Exception: on_error})
    app.router.redirect_slashes = False  # no answer is made of the address of a request
    return app


def _see(path: str) -> Response:
    return RedirectResponse(path, 303)


def _file(path: Path, name: str) -> Response:
    """Return a file as a download, and delete it afterwards."""
    return FileResponse(path, filename=name, background=BackgroundTask(path.unlink))


def _label(number: str, upload: Upload) -> str:
    names = ", ".join(dict.fromkeys(name.partition("/")[0] for name, _ in upload.files[:50]))
    label = f"{number}: {names}" if number else names
    return label if len(label) <= _MAX_LABEL_CHARS else f"{label[:_MAX_LABEL_CHARS]}…"
