#!/usr/bin/env python3
"""Compares training steps written by dump.c with PyTorch's autograd in double: loss, logits, every gradient, running
batch-norm statistics.

usage: compare.py FOLDER...   (all of one network, with the same inputs and weights)

A tensor's difference is its largest one, relative to the largest entry of PyTorch's (of a running mean: or to the
standard deviation, since a mean may be anything near zero). Exits 1 above the tolerance: 1e-9 in double, where the
two differ by rounding alone, so that they are the same function; 1e-4 in float.

Floats: some gradients are small differences of large sums (a 1x1 convolution before a batch norm), and PyTorch's own
float run is then more than 1e-4 from its double run. So a tensor of floats may differ by the tolerance or by ten times
what PyTorch's floats differ, whichever is more; how many needed that is printed.
"""
import array
import json
import os
import sys

import torch
import torch.nn.functional as F

import networks

MOMENTUM = 0.1
TOLERANCE = {'double': 1e-9, 'float': 1e-4}
FLOAT_SLACK = 10


class Dump:
    def __init__(self, folder):
        with open(os.path.join(folder, 'index.json')) as file:
            self.index = json.load(file)
        values = array.array('d')
        with open(os.path.join(folder, 'tensors.f64'), 'rb') as file:
            values.frombytes(file.read())
        self.values = torch.tensor(values, dtype=torch.float64)
        self.name = f"{self.index['network']} {self.index['isa']} {self.index['real']}"

    def role(self, role):
        """name -> list of tensors, in their order."""
        found = {}
        for t in self.index['tensors']:
            if t['role'] == role:
                count = torch.Size(t['shape']).numel()
                value = self.values[t['offset']:t['offset'] + count].view(t['shape'])
                found.setdefault(t['name'], []).append(value)
        return found


def run(dump, dtype):
    """Everything that a dump holds, computed by PyTorch: role -> name -> list of tensors."""
    weights = {name: [t.to(dtype).clone().requires_grad_() for t in ts] for name, ts in dump.role('weight').items()}
    arch = {name: ts[0].to(dtype).clone().requires_grad_() for name, ts in dump.role('arch').items()}
    inputs, options = [x.to(dtype) for x in dump.role('input')['x']], dump.index['options']
    labels = dump.role('label')['labels'][0].long()
    store = networks.Store(weights)
    if dump.index['network'] == 'supernet':
        logits = networks.supernet(store, inputs, arch, options)
    elif dump.index['network'] == 'network':
        logits = networks.network(store, inputs, dump.index['genotype'], options)
    else:
        logits = networks.ds_cnn(store, inputs)
    if store.left_over():
        sys.exit('weights that PyTorch has no use for: ' + ', '.join(store.left_over()))
    loss = F.cross_entropy(logits, labels, label_smoothing=options['smoothing'])
    loss.backward()
    return {'loss': {'loss': [loss.detach().view(1)]}, 'logits': {'logits': [logits.detach()]},
            'd_weight': {name: [t.grad for t in ts] for name, ts in weights.items()},
            'd_arch': {name: [t.grad] for name, t in arch.items()}, **running(store.statistics)}


def running(statistics):
    """Running statistics after one step. A pool is normalised on every edge here, but once a state in stapes, under the
    name "pool" in the order of cells and states: take it from the last node's edges, which come from every state."""
    means, variances = {}, {}
    for name, pairs in statistics.items():
        if not name.endswith('pool'):
            means[name] = [MOMENTUM * mean for mean, _ in pairs]
            variances[name] = [1 - MOMENTUM + MOMENTUM * variance for _, variance in pairs]
    for cell in range(64):
        for edge in range(9, 14):
            for op in networks.OPS[1:3]:
                for mean, variance in statistics.get(f'cell{cell}.edge{edge}.{op}.pool', []):
                    means.setdefault('pool', []).append(MOMENTUM * mean)
                    variances.setdefault('pool', []).append(1 - MOMENTUM + MOMENTUM * variance)
    return {'running_mean': means, 'running_variance': variances}


def scale_of(wanted, role, name, k):
    scale = wanted[role][name][k].abs().max().item()
    if role == 'running_mean':
        variance = (wanted['running_variance'][name][k].max().item() - (1 - MOMENTUM)) / MOMENTUM
        scale = max(scale, MOMENTUM * variance ** 0.5)
    return scale or 1.0


def differences(found, wanted, who):
    """(role, name, k) -> relative difference, of every tensor."""
    table = {}
    for role, names in wanted.items():
        if set(found[role]) != set(names):
            sys.exit(f'{who}: {role}: not the same names: {sorted(set(found[role]) ^ set(names))}')
        for name, tensors in names.items():
            if len(tensors) != len(found[role][name]):
                sys.exit(f'{who}: {role} {name}: {len(found[role][name])} of them, PyTorch has {len(tensors)}')
            for k, (a, b) in enumerate(zip(found[role][name], tensors)):
                distance = (a.reshape(-1).double() - b.reshape(-1)).abs().max().item()
                table[role, name, k] = distance / scale_of(wanted, role, name, k)
    return table


def worst_of(table):
    return max(table, key=lambda key: table[key] if table[key] == table[key] else float('inf'))


def show(who, table):
    """A line a role: how many tensors, the worst of them."""
    for role in dict.fromkeys(key[0] for key in table):
        own = {key: error for key, error in table.items() if key[0] == role}
        _, name, k = worst_of(own)
        print(f'{who:24} {role:17} {len(own):5} {max(own.values()):10.2e}  {name}#{k}')


def judge(dump, table, floats):
    """Whether all are within what is allowed; says which are not."""
    tolerance = TOLERANCE[dump.index['real']]
    slack = FLOAT_SLACK if dump.index['real'] == 'float' else 0
    allowed = {key: max(tolerance, slack * floats[key]) for key in table}
    bad = [key for key in table if not table[key] <= allowed[key]]
    excused = [key for key in table if tolerance < table[key] <= allowed[key]]
    if excused:
        print(f'  {len(excused)} of {len(table)} above {tolerance:g}, but within {slack} times what PyTorch in float is off')
    for key in bad[:20]:
        print(f'  {dump.name}: {key[0]} {key[1]}#{key[2]}: {table[key]:.2e} is above {allowed[key]:.2e}')
    return not bad


def check_same_problem(dumps):
    for dump in dumps[1:]:
        for role in ('input', 'label', 'weight', 'arch'):
            first, own = dumps[0].role(role), dump.role(role)
            if not all(torch.equal(a, b) for name in first for a, b in zip(first[name], own[name])):
                sys.exit(f'{dump.name}: its {role}s are not those of {dumps[0].name}')


def main():
    if len(sys.argv) < 2:
        sys.exit('usage: compare.py FOLDER...')
    torch.set_num_threads(2)
    dumps = [Dump(folder) for folder in sys.argv[1:]]
    check_same_problem(dumps)
    wanted = run(dumps[0], torch.float64)
    print(f'{"step of":24} {"tensors":17} {"count":>5} {"worst":>10}  which')
    floats = differences(run(dumps[0], torch.float32), wanted, 'PyTorch')
    show(dumps[0].index['network'] + ' PyTorch float', floats)
    fine = []
    for dump in dumps:
        table = differences({role: dump.role(role) for role in wanted}, wanted, dump.name)
        show(dump.name, table)
        fine.append(judge(dump, table, floats))
    print('the same step as' if all(fine) else 'NOT the same step as', f'PyTorch {torch.__version__} in double')
    sys.exit(0 if all(fine) else 1)


if __name__ == '__main__':
    main()
