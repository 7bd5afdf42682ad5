"""The peer of index.mjs: a Gaussian process with the same kernel on the same runs, one JSON command a line."""
import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel

folder, columns = sys.argv[1], int(sys.argv[2])
runs = np.fromfile(f"{folder}/runs.f64").reshape(-1, columns)
scores = np.fromfile(f"{folder}/scores.f64")
warnings.simplefilter("ignore")


class Counted(GaussianProcessRegressor):
    """Counts how often the likelihood is evaluated."""

    evaluations = 0

    def log_marginal_likelihood(self, *args, **kwargs):
        self.evaluations += 1
        return super().log_marginal_likelihood(*args, **kwargs)


def process(length_scales, noise, optimizer):
    kernel = Matern(length_scales, (0.025, 1e3), nu=2.5) + WhiteKernel(noise, (1e-4, 1e3))
    return Counted(kernel, alpha=0.0, optimizer=optimizer)


def answer(**fields):
    print(json.dumps(fields), flush=True)


answer(version=sklearn.__version__)
for line in sys.stdin:
    command = json.loads(line)
    length_scales, noise = command["lengthScales"], command["noise"]
    if command["do"] == "fit":
        own = process(length_scales, noise, "fmin_l_bfgs_b")
        clock, processor = time.perf_counter(), time.process_time()
        own.fit(runs, scores)
        answer(
            processor=1000 * (time.process_time() - processor),
            clock=1000 * (time.perf_counter() - clock),
            likelihood=own.log_marginal_likelihood_value_,
            evaluations=own.evaluations,
        )
    else:
        given = process(length_scales, noise, None).fit(runs, scores)
        answer(likelihood=given.log_marginal_likelihood_value_)
