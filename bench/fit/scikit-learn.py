"""The peer of trees.mjs: reads one JSON command a line, answers with one JSON line."""
import json
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingRegressor

folder, columns, params = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])


def read(name, width):
    return np.fromfile(f"{folder}/{name}.f64").reshape(-1, width)


train = read("train", columns)
targets = read("targets", len(train))
test = read("test", columns)
candidates = read("candidates", columns)
models = [None] * len(targets)


def fit(metric):
    return HistGradientBoostingRegressor(
        max_iter=params["trees"],
        learning_rate=params["learningRate"],
        max_leaf_nodes=params["maxLeaves"],
        min_samples_leaf=params["minRunsInLeaf"],
        early_stopping=False,
    ).fit(train, targets[metric])


def answer(**fields):
    print(json.dumps(fields), flush=True)


answer(version=sklearn.__version__)
for line in sys.stdin:
    command = json.loads(line)
    start = time.perf_counter()
    if command["do"] == "fit":
        for metric in command["metrics"]:
            models[metric] = fit(metric)
    elif command["do"] == "score":
        models[command["metric"]].predict(candidates)
    elapsed = 1000 * (time.perf_counter() - start)
    if command["do"] == "predict":
        answer(predictions=[model.predict(test).tolist() for model in models])
    else:
        answer(milliseconds=elapsed)
