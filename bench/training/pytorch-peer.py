"""The peer of pytorch.mjs: the same transformer and optimiser in PyTorch, as its users write them.

Reads the model, the parameters and the batches from the folder named as first argument; then one JSON command a line,
answered by one JSON line each.
"""
import json
import math
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.set_flush_denormal(True)

folder = sys.argv[1]
with open(f"{folder}/spec.json", encoding="utf-8") as file:
    spec = json.load(file)
model_spec, optimizer_spec = spec["model"], spec["optimizer"]
vocabulary, width, layers = model_spec["vocabulary"], model_spec["width"], model_spec["layers"]
heads, hidden, context = model_spec["heads"], model_spec["feedForward"], model_spec["context"]
batch_size = spec["batchSize"]


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.gain


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = Norm()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.feed_forward_norm = Norm()
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def attention(self, x, mask):
        head = width // heads
        rows = x.shape[0] * heads
        split = self.qkv(x).view(-1, context, 3, heads, head).permute(2, 0, 3, 1, 4)
        q, k, v = (part.reshape(rows, context, head) for part in split)
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(head))
        mixed = torch.bmm(scores.softmax(-1), v).view(-1, heads, context, head)
        return self.projection(mixed.transpose(1, 2).reshape(x.shape))

    def forward(self, x, mask):
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.down(F.gelu(self.up(self.feed_forward_norm(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(context, width))
        self.blocks = nn.ModuleList([Block() for _ in range(layers)])
        self.norm = Norm()
        mask = torch.full((context, context), float("-inf")).triu(1)
        self.register_buffer("mask", mask)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.positions
        for block in self.blocks:
            x = block(x, self.mask)
        return F.linear(self.norm(x), self.embedding.weight)


def load(model, flat):
    """The matrices of the engine stand (in, out) in the flat vector, those of nn.Linear (out, in)."""
    named = dict(model.named_parameters())
    for entry in spec["layout"]:
        values = flat[entry["offset"] : entry["offset"] + math.prod(entry["shape"])]
        values = torch.from_numpy(values.copy()).view(entry["shape"])
        parameter = named.pop(entry["torch"])
        with torch.no_grad():
            parameter.copy_(values.T if entry["transposed"] else values)
    if named:
        raise SystemExit(f"no values for {', '.join(named)}")


def build():
    model = Transformer()
    load(model, np.fromfile(f"{folder}/parameters.f32", dtype=np.float32))
    matrices = [p for p in model.parameters() if p.dim() > 1]
    gains = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": optimizer_spec["weightDecay"]},
            {"params": gains, "weight_decay": 0.0},
        ],
        lr=spec["learningRate"],
        betas=(optimizer_spec["beta1"], optimizer_spec["beta2"]),
        eps=optimizer_spec["epsilon"],
        foreach=True,
    )
    return model, optimizer


def step(model, optimizer, sequences):
    logits = model(sequences[:, :-1])
    loss = F.cross_entropy(logits.view(-1, vocabulary), sequences[:, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), optimizer_spec["clipNorm"])
    optimizer.step()
    return loss.item()


def answer(**fields):
    print(json.dumps(fields), flush=True)


batches = np.fromfile(f"{folder}/batches.i32", dtype=np.int32).astype(np.int64)
batches = torch.from_numpy(batches).view(-1, batch_size, context + 1)
model, optimizer = build()
answer(version=torch.__version__)
for line in sys.stdin:
    command = json.loads(line)
    start, cpu = time.perf_counter(), time.process_time()
    losses = [
        step(model, optimizer, batches[(command["first"] + i) % len(batches)])
        for i in range(command["steps"])
    ]
    elapsed = 1000 * (time.perf_counter() - start)
    cpu = 1000 * (time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    answer(milliseconds=elapsed, cpu=cpu, losses=losses, megabytes=peak)
