"""A client for trainers that work for a Mixwright study. Standard library only, Python 3.9 or later.

    import mixwright

    def train(trial):
        for step, losses in my_training_run(trial.weights, trial.seed):
            if not trial.measure(step * TOKENS_A_STEP, losses):
                return                              # asked to stop early

    mixwright.Client("node-7").work(study_id, train)

`work` asks for trials until the study has none left, keeps their leases alive from a thread,
completes them, and gives back those that fail. Copy this file beside your trainer; nothing has to
be installed.
"""

import http.client
import json
import math
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

DEFAULT_URL = "http://127.0.0.1:8080"

# Answers after which the same request may succeed, sent again with its Idempotency-Key.
RETRIED_STATUSES = (429, 502, 503, 504)
RETRIED_CODES = ("idempotency-key-in-flight",)

# Refusals after which there is nothing left to do for a trial.
LOST_CODES = (
    "lease-lost",
    "not-your-lease",
    "trial-already-ended",
    "trial-already-completed",
    "trial-not-found",
    "study-not-found",
)

LONGEST_PAUSE_SECONDS = 30.0
# Between two questions, where the service names no time.
DEFAULT_IDLE_SECONDS = 5.0
HEARTBEATS_A_LEASE = 3


class MixwrightError(Exception):
    """The service refused a request.

    status        of HTTP
    code          stable: branch on it
    detail, fix   what was wrong, and what to do, for people
    """

    def __init__(self, status, problem, retry_after=None):
        self.status = status
        self.code = problem.get("code", "unknown")
        self.detail = problem.get("detail") or problem.get("title") or f"status {status}"
        self.fix = problem.get("fix", "")
        self.retry_after = retry_after
        fields = "".join(f"; {e['pointer']}: {e['detail']}" for e in problem.get("errors", []))
        super().__init__(f"{self.code}: {self.detail}{fields}")


class TrialLost(Exception):
    """The trial is not this client's any more: it was given to another, cancelled or abandoned."""


class Client:
    """Requests to a Mixwright service, sent again with growing pauses while it cannot be reached.

    name           of this client: unique among those that run at a time, and the same after a
                   restart, which gives it its unfinished trials back
    url            of the service; default: MIXWRIGHT_URL, or http://127.0.0.1:8080
    api_key        default: MIXWRIGHT_API_KEY; a service on a loopback address may need none
    retry_seconds  how long a request is tried before its error is raised
    log            called with lines for people
    """

    def __init__(self, name, url=None, api_key=None, retry_seconds=600.0, log=print):
        self.name = name
        self.url = (url or os.environ.get("MIXWRIGHT_URL") or DEFAULT_URL).rstrip("/")
        self.api_key = api_key or os.environ.get("MIXWRIGHT_API_KEY")
        self.retry_seconds = retry_seconds
        self.log = log

    def study(self, study_id):
        """The study: its `problem` names domains, metrics and fidelities."""
        return self.request("GET", study_path(study_id))

    def ask(self, study_id, count=1, fidelity=None):
        """Up to `count` trials, and whether the study is exhausted, as a pair."""
        trials, exhausted, _ = self._ask(study_id, count, fidelity)
        return trials, exhausted

    def _ask(self, study_id, count, fidelity):
        """As `ask`, and the seconds after which the service would be asked again; None for none."""
        body = {"client": self.name, "count": count}
        if fidelity is not None:
            body["fidelity"] = fidelity
        answer, retry_after = self._request("POST", f"{study_path(study_id)}/suggestions", body)
        trials = [Trial(self, study_id, trial) for trial in answer["trials"]]
        return trials, answer["exhausted"], retry_after

    def work(self, study_id, train, fidelity=None, idle_seconds=None, most_failures=3):
        """Calls train(trial) for one trial after another, until the study has none left.

        A trial that `train` returns from is completed with its last measurement (or as stopped
        early, if that was asked for). An exception gives it back as failed; after `most_failures`
        of them in a row the last one is raised. Ctrl-C gives the trial back, too, for another
        client to take.

        idle_seconds   between two questions while others have all trials that are left; default:
                       what the service says (Retry-After)
        """
        failures = 0
        while True:
            trials, exhausted, retry_after = self._ask(study_id, 1, fidelity)
            if not trials and exhausted:
                return
            if not trials:
                # Others have what is left. If one of them fails, its trial is offered again.
                pause = retry_after if idle_seconds is None else idle_seconds
                pause = DEFAULT_IDLE_SECONDS if pause is None else pause
                self.log(f"others have the trials that are left; asking again in {pause:.1f} s")
                time.sleep(pause)
            for trial in trials:
                try:
                    self._train(trial, train)
                    failures = 0
                except Exception:
                    failures += 1
                    if failures >= most_failures:
                        raise

    def _train(self, trial, train):
        with trial.heartbeats():
            try:
                train(trial)
                trial.complete()
            except TrialLost as lost:
                self.log(f"{trial.id}: {lost}")
            except BaseException as error:
                interrupted = not isinstance(error, Exception)
                detail = "interrupted" if interrupted else f"{type(error).__name__}: {error}"
                self.log(f"{trial.id}: given back, {detail}")
                try:
                    # Whoever interrupts is not kept waiting; the lease will expire by itself.
                    trial.fail(detail, retry_seconds=5.0 if interrupted else None)
                except (MixwrightError, TrialLost, OSError) as refusal:
                    self.log(f"{trial.id}: {refusal}")
                raise

    def request(self, method, path, body=None, retry_seconds=None):
        """The answer as Python values.

        All tries have one Idempotency-Key: what was done already is not done again.
        """
        answer, _ = self._request(method, path, body, retry_seconds)
        return answer

    def _request(self, method, path, body=None, retry_seconds=None):
        key = str(uuid.uuid4())
        patience = self.retry_seconds if retry_seconds is None else retry_seconds
        deadline = time.monotonic() + patience
        tries = 0
        while True:
            tries += 1
            pause = min(LONGEST_PAUSE_SECONDS, 0.25 * 2**tries) * random.uniform(0.5, 1.0)
            try:
                return self._send(method, path, body, key)
            except MixwrightError as error:
                if error.status not in RETRIED_STATUSES and error.code not in RETRIED_CODES:
                    raise
                if error.retry_after is not None:
                    pause = error.retry_after
                failure = error
            except (OSError, http.client.HTTPException) as error:
                failure = error
            if time.monotonic() + pause > deadline:
                raise failure
            self.log(f"{method} {path}: {failure}; trying again in {pause:.1f} s")
            time.sleep(pause)

    def _send(self, method, path, body, key):
        headers = {"accept": "application/json, application/problem+json"}
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        data = None
        if method == "POST":
            headers["content-type"] = "application/json"
            headers["idempotency-key"] = key
            data = json.dumps(body, allow_nan=False).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = parse(response.status, response.read())
                return answer, seconds(response.headers.get("retry-after"))
        except urllib.error.HTTPError as error:
            with error:
                problem = parse(error.code, error.read())
            retry_after = seconds(error.headers.get("retry-after"))
            raise MixwrightError(error.code, problem, retry_after) from None


class Trial:
    """A mixture to train on, and where to report what came of it.

    weights   domain name -> share of training tokens; they sum to 1
    seed      for everything random in the training
    fidelity  name of the fidelity to train at
    lease     until when the trial is this client's without a sign of life
    answer    everything that the service said about the trial
    """

    def __init__(self, client, study_id, answer):
        self.client = client
        self.answer = answer
        self.id = answer["id"]
        self.weights = answer["weights"]
        self.seed = answer["seed"]
        self.fidelity = answer["fidelity"]
        self.stop_reason = None
        self.lease = answer["lease"]
        self._lost = None
        self._path = f"{study_path(study_id)}/trials/{self.id}"

    @property
    def should_stop(self):
        """Whether the service has asked to stop the trial early. To be looked at between measurements."""
        return self.stop_reason is not None

    def measure(self, tokens, values, standard_errors=None):
        """Reports metrics after a number of tokens, which must grow. Returns whether to go on.

        values           metric name -> value
        standard_errors  metric name -> standard error, where known
        Raises TrialLost when the trial is not this client's any more: stop training then.
        """
        if self._lost:
            raise TrialLost(self._lost)
        for metric, value in values.items():
            if not math.isfinite(value):
                raise ValueError(f"{metric} is {value} after {tokens} tokens")
        body = {"tokens": tokens, "values": values}
        if standard_errors:
            body["standardErrors"] = standard_errors
        try:
            self._heed(self._report("measurements", body))
        except MixwrightError as error:
            # After a restart: an earlier process of this client had come farther.
            if error.code != "tokens-backwards":
                raise
            self.client.log(f"{self.id}: left out, {error.detail}")
        return not self.should_stop

    def complete(self):
        """The training has ended, at its end or because it was asked to stop."""
        self._report("completion", {"outcome": "stopped" if self.should_stop else "completed"})

    def fail(self, detail, retry_seconds=None):
        """The training has failed; while it has attempts left the trial is offered again."""
        self._report("failure", {"detail": detail[:1000]}, retry_seconds)

    def heartbeats(self):
        """A context in which the lease is kept alive, also while the training says nothing for hours."""
        return Heartbeats(self)

    def beat(self):
        """One sign of life."""
        self._heed(self._report("heartbeat", {}))

    def _report(self, kind, body, retry_seconds=None):
        body = {"client": self.client.name, "lease": self.lease["id"], **body}
        try:
            return self.client.request("POST", f"{self._path}/{kind}", body, retry_seconds)
        except MixwrightError as error:
            if error.code not in LOST_CODES:
                raise
            self._lost = error.detail
            raise TrialLost(error.detail) from error

    def _heed(self, answer):
        # A trial that has ended meanwhile has no lease any more, and is to be stopped.
        self.lease = answer["lease"] or self.lease
        if answer["directive"] == "stop":
            self.stop_reason = answer["reason"] or "asked to stop"


class Heartbeats:
    """Gives signs of life for a trial from a thread, a few to a lease, until the context is left."""

    def __init__(self, trial):
        self._trial = trial
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Not joined: a heartbeat that waits for the service would hold up the next trial.
        self._over.set()

    def _run(self):
        while not self._over.wait(self._trial.lease["seconds"] / HEARTBEATS_A_LEASE):
            try:
                self._trial.beat()
            except TrialLost:
                return
            except (MixwrightError, OSError, http.client.HTTPException) as error:
                self._trial.client.log(f"{self._trial.id}: no heartbeat, {error}")


def study_path(study_id):
    return f"/v1/studies/{urllib.parse.quote(study_id, safe='')}"


def parse(status, body):
    try:
        return json.loads(body) if body else {}
    except ValueError:
        # What stands before the service, a proxy for instance, may answer in its place.
        return {"code": "unreadable", "detail": f"status {status}, and the answer is not JSON"}


def seconds(retry_after):
    return float(retry_after) if retry_after and retry_after.isdigit() else None
