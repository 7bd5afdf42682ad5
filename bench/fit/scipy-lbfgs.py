"""The peer of log-linear.mjs: Huber fits of exp(c) + exp(t·p) from many starts by SciPy's L-BFGS-B."""
import json
import sys
import time

import numpy as np
import scipy
from scipy.optimize import minimize

folder, columns, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
mixtures = np.fromfile(f"{folder}/mixtures.f64").reshape(-1, columns)
targets = np.fromfile(f"{folder}/targets.f64").reshape(-1, len(mixtures))
delta = options["huberDelta"]


def objective(parameters, values):
    floor = np.exp(min(parameters[0], 700))
    powers = np.exp(np.minimum(mixtures @ parameters[1:], 700))
    residual = floor + powers - values
    clipped = np.clip(residual, -delta, delta)
    loss = np.sum(clipped * residual - 0.5 * clipped**2)
    gradient = np.concatenate([[clipped.sum() * floor], mixtures.T @ (clipped * powers)])
    return loss, gradient


def fit(values, metric):
    rng = np.random.default_rng(metric)
    best = np.inf
    for c in np.linspace(-2, 1.5, options["starts"]):
        t = 0.1 * rng.random(columns)
        t[metric % columns] = -rng.random()
        solution = minimize(
            objective,
            np.concatenate([[c], t]),
            args=(values,),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": options["maxIterations"], "maxfun": 10 * options["maxIterations"]},
        )
        best = min(best, solution.fun)
    return float(best)


def answer(**fields):
    print(json.dumps(fields), flush=True)


answer(version=scipy.__version__)
for line in sys.stdin:
    start = time.perf_counter()
    losses = [fit(values, metric) for metric, values in enumerate(targets)]
    answer(milliseconds=1000 * (time.perf_counter() - start), losses=losses)
