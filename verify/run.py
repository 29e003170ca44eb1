"""A run from beginning to end: look, plan, make, ask, judge, take away."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

from checks.facts.reading import RefusedError
from checks.facts.view import View
from config.core.mesh import MeshConfig
from kube import KubeconfigError, api_client
from kube.at_once import Work
from preflight import examine
from verify import during
from verify.cluster import Cluster, ClusterRefusedError
from verify.leftovers import Say, remove_leftovers, remove_strays
from verify.pods import wrong
from verify.pods.logs import wait_until
from verify.pods.workload import found
from verify.questions import headless
from verify.questions.plan import PREFIX, Options, Plan, Untried
from verify.questions.planning import chosen, involved, make
from verify.questions.rollouts import rollouts
from verify.questions.survey import survey
from verify.results import Outcome, judged, latencies
from verify.session import Session, SessionError

BEATS_SECONDS = 20.0
"""How long the last counts of clients may take after a command."""
COMMAND_HOURS = 6
"""Hours that a command of ``--during`` may take before its run counts as left over."""


@dataclass(frozen=True)
class Command:
    """What runs while clients keep asking."""

    words: Sequence[str]
    """The command and its arguments; one word goes to the shell."""
    settle: float = 5.0
    """Seconds that clients go on asking after it."""


def new_namespace() -> str:
    """A name for the namespace of a run."""
    letters = string.ascii_lowercase + string.digits
    return PREFIX + "".join(secrets.choice(letters) for _ in range(5))


def run(mesh: MeshConfig, options: Options, say: Say, command: Command | None = None) -> Outcome:
    """Verify a mesh.

    Raises SessionError where it cannot go on, and KeyboardInterrupt where it was interrupted;
    either way, what it made is taken away before. Raises ClusterError where a cluster is not the
    one that the stack file means; then nothing is touched.
    """
    examined = {name: mesh.clusters[name] for name in involved(mesh, options)}
    say(f"identifying the clusters {', '.join(examined)}")
    examine(examined)
    namespace = new_namespace()
    with ExitStack() as stack:
        clusters: dict[str, Cluster] = {}
        views: dict[str, View] = {}
        for name, config in examined.items():
            try:
                api = stack.enter_context(api_client(config))
            except KubeconfigError as error:
                raise SessionError(f"cluster {name}: {error.message}", error.remedy) from None
            clusters[name] = Cluster(name, api)
        options = _with_template(options, clusters)
        say("reading Services, gateways and permissions")
        works = {
            name: Work(lambda n=name: _look(n, mesh, namespace, options))  # type: ignore[misc]
            for name in examined
        }
        unseen: list[Untried] = []
        for name, work in works.items():
            seen = work.result()
            if isinstance(seen, View):
                views[name] = seen
            else:
                unseen.append(Untried(name, "requests", "the cluster", seen))
        plan = make(mesh, views, options, namespace)
        plan = replace(plan, untried=(*plan.untried, *unseen))
        if not plan.pods or (command is not None and not plan.during):
            return Outcome(judged(plan, {}, {}), blocked=plan.blocked)
        able = {name: clusters[name] for name in plan.clusters}
        if not options.keep:
            remove_leftovers(able, say)
            workload = options.workload
            if workload is not None and workload.cluster in able:
                remove_strays(able[workload.cluster], workload.namespace, say)
        outcome = conduct(mesh, plan, able, options, say=say, command=command)
        outcome = replace(outcome, blocked=plan.blocked)
        if command is not None:
            return outcome
        return replace(outcome, results=(*rollouts(mesh, views), *outcome.results))


def _with_template(options: Options, clusters: Mapping[str, Cluster]) -> Options:
    """The options whose workload has its pod template. Raises SessionError."""
    workload = options.workload
    if workload is None:
        return options
    cluster = clusters.get(workload.cluster)
    if cluster is None:
        raise SessionError(
            f"--from {workload}: the cluster is an end of none of the links to try",
            "correct --from or --link",
        )
    try:
        return replace(options, workload=found(cluster, workload))
    except ClusterRefusedError as error:
        raise SessionError(f"--from {workload}: {error}", "correct --from") from None


def _look(name: str, mesh: MeshConfig, namespace: str, options: Options) -> View | str:
    config, workload = mesh.clusters[name], options.workload
    there = workload.namespace if workload is not None and workload.cluster == name else None
    try:
        with api_client(config) as api:
            spaces = headless.namespaces(chosen(mesh, options), name)
            return survey(name, config, api, namespace, there, headless=spaces)
    except (RefusedError, KubeconfigError) as error:
        return f"it could not be read: {error}"


def conduct(
    mesh: MeshConfig,
    plan: Plan,
    clusters: Mapping[str, Cluster],
    options: Options,
    *,
    say: Say,
    command: Command | None,
) -> Outcome:
    """Make what a plan names, ask, and take it away again, however it ends.

    Raises SessionError, and KeyboardInterrupt where it was interrupted.
    """
    if command is not None:
        plan = during.with_during(plan, min(60.0, options.timeout))
    session = Session(mesh, plan, clusters, options.timeout, say)
    lifetime = timedelta(
        seconds=options.timeout * 4 + 900, hours=COMMAND_HOURS if command is not None else 0
    )
    work = Work(
        lambda: (
            _asked(session, plan, lifetime)
            if command is None
            else _asked_during(session, plan, lifetime, command, say)
        )
    )
    interrupted = False
    try:
        return work.result()
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        if options.keep:
            say(f"kept: namespace {plan.namespace} in {', '.join(plan.clusters)}")
            for line in session.how_to_delete():
                say(f"  {line}")
        else:
            clean(session, work, say, interrupted=interrupted)


def clean(session: Session, work: Work[Outcome], say: Say, *, interrupted: bool = False) -> None:
    """Delete what a run made; only a second interruption stops that.

    `interrupted`: the first one came before. Raises KeyboardInterrupt, once everything is deleted,
    where it comes meanwhile.
    """
    say(f"deleting namespace {session.namespace}")
    session.stop()
    taking = Work(lambda: _take_away(session, work))
    known = interrupted
    while True:
        try:
            left = taking.result()
            break
        except KeyboardInterrupt:
            if interrupted:
                left = ["interrupted while deleting"]
                break
            interrupted = True
            say("interrupted; still deleting, Ctrl-C again stops that")
    if left:
        for line in left:
            say(f"left behind: {line}")
        say("delete it with")
        for line in session.how_to_delete():
            say(f"  {line}")
    if interrupted and not known:
        raise KeyboardInterrupt


def _take_away(session: Session, work: Work[Outcome]) -> list[str]:
    # A request that is on its way could still make something.
    work.wait(45.0)
    return session.clean()


def _asked(session: Session, plan: Plan, lifetime: timedelta) -> Outcome:
    session.prepare(_certificate(), lifetime)
    session.ask()
    results = judged(plan, session.answers, session.troubles)
    return Outcome(results, latencies(plan, session.answers))


def _certificate() -> tuple[str, str]:
    return wrong.certificate("client.verify.serviceaccount.identity.linkerd.cluster.local")


def _asked_during(
    session: Session, plan: Plan, lifetime: timedelta, command: Command, say: Say
) -> Outcome:
    session.prepare(_certificate(), lifetime)
    tally = during.Tally(plan)
    session.start_clients(tally.take)
    wait_until(tally.begun, 120.0, session.stopping)
    silent = tally.silent()
    refused = [one for one in silent if not one[0].get("export")]
    if refused or session.troubles or not tally.begun():
        rows = during.results((), silent, (), session.troubles)
        why = "it was not started, because requests failed before"
        rows.append(during.failure("command", "the command ran", why))
        return Outcome(rows)
    say(f"running {' '.join(command.words)}")
    code = _command(session, command)
    say(f"it ended with {code}; asking for {command.settle:g} more seconds")
    session.stopping.wait(command.settle)
    before = tally.beats()
    wait_until(
        lambda: all(tally.beats()[key] > count for key, count in before.items()),
        BEATS_SECONDS,
        session.stopping,
    )
    counts = tally.counts()
    rows = during.results(counts, silent, session.restarted(), session.troubles)
    stuck = [key for key, count in before.items() if tally.beats()[key] <= count]
    for (cluster, pod), target in stuck:
        why = f"no report on {target} for {BEATS_SECONDS:.0f} s; {session.trouble_of(cluster, pod)}"
        rows.append(during.failure(cluster, f"pod {pod} reports until the end", why))
    return Outcome(rows, (), counts, tuple(tally.failures), code)


def _command(session: Session, command: Command) -> int:
    try:
        process = during.start(command.words, {"MESH_VERIFY_NAMESPACE": session.namespace})
    except OSError as error:
        raise SessionError(f"the command cannot be started: {error.strerror}") from None
    while process.poll() is None:
        if session.stopping.wait(0.1):
            # It got the same signal; it is given time to end by itself.
            end = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.1)
            process.terminate()
            break
    code = process.wait()
    return code if code >= 0 else 128 - code
