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


def process(length_scales, noise, optimizer):
    kernel = Matern(length_scales, (0.025, 1e3), nu=2.5) + WhiteKernel(noise, (1e-4, 1e3))
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=optimizer)


def answer(**fields):
    print(json.dumps(fields), flush=True)


answer(version=sklearn.__version__)
for line in sys.stdin:
    command = json.loads(line)
    length_scales, noise = command["lengthScales"], command["noise"]
    if command["do"] == "fit":
        own = process(length_scales, noise, "fmin_l_bfgs_b")
        start = time.perf_counter()
        own.fit(runs, scores)
        elapsed = 1000 * (time.perf_counter() - start)
        answer(milliseconds=elapsed, likelihood=own.log_marginal_likelihood_value_)
    else:
        given = process(length_scales, noise, None).fit(runs, scores)
        answer(likelihood=given.log_marginal_likelihood_value_)
