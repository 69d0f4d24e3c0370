#!/usr/bin/env python3
"""Compares training steps written by dump.c with PyTorch's autograd in double: loss, logits, every gradient, running
batch-norm statistics.

usage: compare.py FOLDER...   (all of one network; of every seed one in double, with the same inputs and weights)

A tensor's difference is its largest one, relative to the largest entry of PyTorch's (of a running mean: or to the
standard deviation, since a mean may be anything near zero).

Double: every tensor within 1e-9 of PyTorch, in the first seed. The two differ by rounding alone (1e-12), so that they
are the same function, and in the other seeds, which take no PyTorch, our double stands for both.
Float: values (loss, logits, running statistics) within 1e-4 in every seed, a gradient within 1e-4 in one seed at least.
Not in all, because among millions of values that are rectified or compared about one lies within rounding of its kink and
falls the other way than in double; every gradient before it then differs by 1e-4 to 1e-2, for good reason. PyTorch's own
floats do the same. A wrong gradient is wrong in every seed.
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


class Dump:
    def __init__(self, folder):
        with open(os.path.join(folder, 'index.json')) as file:
            self.index = json.load(file)
        values = array.array('d')
        with open(os.path.join(folder, 'tensors.f64'), 'rb') as file:
            values.frombytes(file.read())
        self.values = torch.tensor(values, dtype=torch.float64)
        self.real, self.seed = self.index['real'], self.index['seed']
        self.name = f"{self.index['network']} {self.index['isa']} {self.real}"

    def role(self, role):
        """name -> list of tensors, in their order."""
        found = {}
        for t in self.index['tensors']:
            if t['role'] == role:
                count = torch.Size(t['shape']).numel()
                value = self.values[t['offset']:t['offset'] + count].view(t['shape'])
                found.setdefault(t['name'], []).append(value)
        return found


def run(dump):
    """Everything that a dump holds, computed by PyTorch: role -> name -> list of tensors."""
    weights = {name: t.clone().requires_grad_() for name, (t,) in dump.role('weight').items()}
    arch = {name: ts[0].clone().requires_grad_() for name, ts in dump.role('arch').items()}
    inputs, options = dump.role('input')['x'], dump.index['options']
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
            'd_weight': {name: [t.grad] for name, t in weights.items()},
            'd_arch': {name: [t.grad] for name, t in arch.items()}, **running(store.statistics)}


def running(statistics):
    """Running statistics after one step. A pool is normalised on every edge here, but once a state in stapes, under the
    name "pool" in the order of cells and states: take it from the last node's edges, which come from every state."""
    means, variances = {}, {}

    def add(name, mean, variance):
        means.setdefault(name, []).append(MOMENTUM * mean)
        variances.setdefault(name, []).append(1 - MOMENTUM + MOMENTUM * variance)

    for name, moments in statistics.items():
        if not name.endswith('pool'):
            add(name, *moments)
    for cell in range(64):
        for edge in range(9, 14):
            for op in networks.OPS[1:3]:
                name = f'cell{cell}.edge{edge}.{op}.pool'
                if name in statistics:
                    add('pool', *statistics[name])
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
                distance = (a.reshape(-1) - b.reshape(-1)).abs().max().item()
                table[role, name, k] = distance / scale_of(wanted, role, name, k)
    return table


def show(name, seed, table):
    """A line a role: how many tensors, the worst of them."""
    for role in dict.fromkeys(key[0] for key in table):
        own = {key: error for key, error in table.items() if key[0] == role}
        _, tensor, k = max(own, key=lambda key: own[key] if own[key] == own[key] else float('inf'))
        print(f'{name:24} {seed!s:>5} {role:17} {len(own):5} {own[role, tensor, k]:10.2e}  {tensor}#{k}')


def least(errors):
    return min(error if error == error else float('inf') for error in errors)


def judge(name, real, tables):
    """Whether all tensors are within what is allowed, given the tables of all seeds; says which are not."""
    bad = 0
    for key in tables[0]:
        errors = [table[key] for table in tables]
        fine = [error <= TOLERANCE[real] for error in errors]
        if not (any(fine) if real == 'float' and key[0] in ('d_weight', 'd_arch') else all(fine)):
            bad += 1
            if bad <= 20:
                print(f'  {name}: {key[0]} {key[1]}#{key[2]}: ' + ', '.join(f'{error:.2e}' for error in errors))
    if len(tables) > 1:
        show(name, 'least', {key: least(table[key] for table in tables) for key in tables[0]})
    return bad == 0


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
    tables = {}  # (name, real) -> a table a seed
    print(f'{"step of":24} {"seed":>5} {"tensors":17} {"count":>5} {"worst":>10}  which')
    for seed in dict.fromkeys(dump.seed for dump in dumps):
        own = [dump for dump in dumps if dump.seed == seed]
        check_same_problem(own)
        if seed == dumps[0].seed:
            wanted = run(own[0])
        else:
            double = next(dump for dump in own if dump.real == 'double')
            wanted = {role: double.role(role) for role in wanted}
            own.remove(double)
        for dump in own:
            table = differences({role: dump.role(role) for role in wanted}, wanted, dump.name)
            if seed == dumps[0].seed:
                show(dump.name, seed, table)
            tables.setdefault((dump.name, dump.real), []).append(table)
    fine = [judge(name, real, seeds) for (name, real), seeds in tables.items()]
    print('the same step as' if all(fine) else 'NOT the same step as', f'PyTorch {torch.__version__} in double')
    sys.exit(0 if all(fine) else 1)


if __name__ == '__main__':
    main()
