"""A trainer for a Mixwright study: asks for mixtures, trains on them, reports, until none are left.

    python3 trainer.py --study <id> --client node-7

What it trains is small but real, so that the losses depend on the mixture: a bigram model, by
counting, on text in made-up languages, one for each domain of the study, measured by its loss on
held-out text of each. Put your own training in the place of `train`; all the rest is in mixwright.py.
../typescript/ has the same trainer, which gets the same losses.
"""

import argparse
import bisect
import itertools
import math
import signal
import sys
import time

import mixwright

LETTERS = 24
SEQUENCE_TOKENS = 32
HELD_OUT_TOKENS = 600
MEASUREMENTS = 4
DEFAULT_TOKENS = 20_000


def hash32(text):
    """FNV-1a."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def uniforms(seed_text):
    """Numbers in [0, 1) by Marsaglia's xorshift32, which every language can have alike."""
    state = hash32(seed_text) or 1
    while True:
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state / 2**32


class Language:
    """The text of a domain: a Markov chain over letters, made from the name of the domain."""

    def __init__(self, name):
        draws = uniforms(f"language of {name}")
        # A fifth power makes a few letters likely after each, as in real text.
        rows = [[next(draws) ** 5 for _ in range(LETTERS)] for _ in range(LETTERS)]
        self._cumulative = [list(itertools.accumulate(row)) for row in rows]
        self.held_out = self.write(HELD_OUT_TOKENS, uniforms(f"held out of {name}"))

    def write(self, length, draws):
        """`length` letters after a first one."""
        letters = [int(next(draws) * LETTERS)]
        for _ in range(length):
            cumulative = self._cumulative[letters[-1]]
            letters.append(pick(cumulative, next(draws)))
        return letters


def pick(cumulative, uniform):
    return min(bisect.bisect_right(cumulative, uniform * cumulative[-1]), len(cumulative) - 1)


class BigramModel:
    """Which letter follows which, by counting, with half a count for what was never seen."""

    def __init__(self):
        self._counts = [[0.5] * LETTERS for _ in range(LETTERS)]

    def learn(self, letters):
        for before, after in zip(letters, letters[1:]):
            self._counts[before][after] += 1

    def loss(self, letters):
        """Mean loss in nats per token, and its standard error."""
        totals = [sum(row) for row in self._counts]
        losses = [
            math.log(totals[before] / self._counts[before][after])
            for before, after in zip(letters, letters[1:])
        ]
        mean = sum(losses) / len(losses)
        variance = sum((loss - mean) ** 2 for loss in losses) / (len(losses) - 1)
        return mean, math.sqrt(variance / len(losses))


def train(trial, languages, metrics, tokens, pause_seconds):
    """Trains on the trial's mixture.

    languages  domain -> Language
    metrics    names of those that the study wants
    tokens     to train on
    """
    shown = ", ".join(f"{name} {weight:.3f}" for name, weight in trial.weights.items())
    print(f"{trial.id}: training on {shown}", flush=True)
    names = list(languages)
    cumulative = list(itertools.accumulate(trial.weights[name] for name in names))
    draws = uniforms(f"text of {trial.seed}")
    model = BigramModel()
    trained = 0
    for measurement in range(1, MEASUREMENTS + 1):
        until = tokens * measurement // MEASUREMENTS
        while trained < until:
            length = min(SEQUENCE_TOKENS, until - trained)
            language = languages[names[pick(cumulative, next(draws))]]
            model.learn(language.write(length, draws))
            trained += length
        time.sleep(pause_seconds)
        losses = {metric_of(name): model.loss(languages[name].held_out) for name in names}
        values = {metric: losses[metric][0] for metric in metrics}
        errors = {metric: losses[metric][1] for metric in metrics}
        if not trial.measure(trained, values, errors):
            print(f"{trial.id}: stopped after {trained} tokens: {trial.stop_reason}", flush=True)
            return
    print(f"{trial.id}: trained on {trained} tokens", flush=True)


def metric_of(domain):
    return f"loss/{domain}"


def plan(study, fidelity):
    """What the study wants of its trainers: names of domains and metrics, and tokens to train on."""
    problem = study["problem"]
    domains = [domain["name"] for domain in problem["domains"]]
    metrics = [metric["name"] for metric in problem["metrics"]]
    unknown = set(metrics) - {metric_of(name) for name in domains}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise SystemExit(f"error: this trainer measures loss/<domain>, not {names}")
    external = [f for f in problem["fidelities"] if f["evaluator"] == "external"]
    chosen = next((f for f in external if fidelity in (None, f["name"])), None)
    if chosen is None:
        raise SystemExit("error: the study has no such fidelity with the evaluator external")
    return domains, metrics, chosen["name"], int(chosen.get("tokens", DEFAULT_TOKENS))


def arguments():
    parser = argparse.ArgumentParser(description="Trains toy models on the mixtures of a Mixwright study.")
    parser.add_argument("--study", required=True, help="id of the study")
    parser.add_argument(
        "--client",
        required=True,
        help="name of this process: no other's, and the same after a restart",
    )
    parser.add_argument("--url", help="address of the service (default: MIXWRIGHT_URL)")
    parser.add_argument("--fidelity", help="name of a fidelity (default: the first external one)")
    parser.add_argument(
        "--pause",
        type=float,
        default=0.0,
        help="seconds to wait before each measurement, to watch it (default: 0)",
    )
    parser.add_argument(
        "--idle",
        type=float,
        help="seconds between two questions while others have all trials that are left"
        " (default: what the service says)",
    )
    return parser.parse_args()


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = arguments()
    # What ends jobs on a cluster is treated like Ctrl-C, which background jobs are deaf to otherwise.
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    client = mixwright.Client(
        options.client, options.url, log=lambda line: print(line, file=sys.stderr, flush=True)
    )
    study = client.study(options.study)
    domains, metrics, fidelity, tokens = plan(study, options.fidelity)
    languages = {name: Language(name) for name in domains}
    client.work(
        options.study,
        lambda trial: train(trial, languages, metrics, tokens, options.pause),
        fidelity,
        options.idle,
    )
    print("The study has no trials left.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (mixwright.MixwrightError, OSError) as error:
        sys.exit(f"error: {error}")
