"""The networks of stapes in PyTorch, written from their definitions: PC-DARTS (Xu et al., ICLR 2020) with a mix of
data configurations (arXiv 2507.15545), the network of a genotype, DS-CNN. A test's oracle: short and slow on purpose.

Padding is TensorFlow's SAME, made explicitly: ceil(size / stride) outputs, the odd row or column at the end.
"""
import torch
import torch.nn.functional as F

OPS = ['none', 'max_pool_3x3', 'avg_pool_3x3', 'skip_connect',
       'sep_conv_3x3', 'sep_conv_5x5', 'dil_conv_3x3', 'dil_conv_5x5']
NODES = 4


def unique(name, taken):
    nth = 2
    numbered = name
    while numbered in taken:
        numbered = f'{name}{nth}'
        nth += 1
    return numbered


class Store:
    """Parameters by name; the second time that a name is asked for, it is "name2". Batch statistics likewise."""

    def __init__(self, weights):
        self.weights = weights  # name -> flat tensor
        self.used = set()
        self.statistics = {}    # name -> (mean, unbiased variance)

    def take(self, name, *shape):
        name = unique(name, self.used)
        self.used.add(name)
        return self.weights[name].view(shape)

    def left_over(self):
        return sorted(set(self.weights) - self.used)

    def norm(self, x, name, affine=None):
        """Batch norm; affine: the scope of its gain and shift."""
        mean = x.mean((0, 2, 3))
        centred = x - mean.view(1, -1, 1, 1)
        variance = (centred ** 2).mean((0, 2, 3))
        count = x.numel() / x.shape[1]
        moments = mean.detach(), (variance * count / (count - 1)).detach()
        self.statistics[unique(name, self.statistics)] = moments
        y = centred / torch.sqrt(variance + 1e-5).view(1, -1, 1, 1)
        if affine is None:
            return y
        gain, shift = (self.take(affine + part, 1, x.shape[1], 1, 1) for part in ('bn.gain', 'bn.shift'))
        return gain * y + shift


def pad_same(x, k_h, k_w, stride, dilation=1, value=0.0):
    pads = []
    for size, k in ((x.shape[3], k_w), (x.shape[2], k_h)):
        out = (size + stride - 1) // stride
        total = max((out - 1) * stride + (k - 1) * dilation + 1 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def conv_same(x, weight, stride=1, dilation=1, groups=1):
    x = pad_same(x, weight.shape[2], weight.shape[3], stride, dilation)
    return F.conv2d(x, weight, None, stride, 0, dilation, groups)


def max_pool(x, k, stride):
    return F.max_pool2d(pad_same(x, k, k, stride, value=float('-inf')), k, stride)


def average_pool(x, k, stride):
    total = F.avg_pool2d(pad_same(x, k, k, stride), k, stride)
    inside = F.avg_pool2d(pad_same(torch.ones_like(x), k, k, stride), k, stride)
    return total / inside


def relu_conv_norm(store, x, channels, scope, affine):
    weight = store.take(scope + 'conv', channels, x.shape[1], 1, 1)
    return store.norm(F.conv2d(F.relu(x), weight), scope + 'conv', scope if affine else None)


def factorised_reduction(store, x, channels, scope, affine):
    """Half the channels from the even rows and columns, half from the odd ones; zeros past the end."""
    x = F.relu(x)
    half = channels // 2
    even = F.conv2d(x, store.take(scope + 'conv', half, x.shape[1], 1, 1), stride=2)
    odd_grid = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
    odd = F.conv2d(odd_grid, store.take(scope + 'conv', channels - half, x.shape[1], 1, 1), stride=2)
    return store.norm(torch.cat([even, odd], 1), scope + 'conv', scope if affine else None)


def separable(store, x, k, stride, dilation, scope, affine):
    """relu, depthwise, pointwise, batch norm."""
    c = x.shape[1]
    y = conv_same(F.relu(x), store.take(scope + 'depthwise', c, 1, k, k), stride, dilation, groups=c)
    y = F.conv2d(y, store.take(scope + 'pointwise', c, c, 1, 1))
    return store.norm(y, scope + 'depthwise', scope if affine else None)


def operation(store, op, x, stride, scope, searching):
    """One of the eight on an edge. In the search batch norm has no affine part, and pools are followed by one."""
    affine = not searching
    if op == 'none':
        return None
    if op in ('max_pool_3x3', 'avg_pool_3x3'):
        y = max_pool(x, 3, stride) if op == 'max_pool_3x3' else average_pool(x, 3, stride)
        return store.norm(y, scope + 'pool') if searching else y
    if op == 'skip_connect':
        return x if stride == 1 else factorised_reduction(store, x, x.shape[1], scope, affine)
    k = 3 if op.endswith('3x3') else 5
    if op.startswith('dil'):
        return separable(store, x, k, stride, 2, scope, affine)
    return separable(store, separable(store, x, k, stride, 1, scope, affine), k, 1, 1, scope, affine)


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def mixed_edge(store, x, alpha, stride, partial, scope):
    """All operations on the first channels, weighted by softmax(alpha); the other channels pass by."""
    part = x.shape[1] // partial
    seen, rest = x[:, :part], x[:, part:]
    results = [operation(store, op, seen, stride, f'{scope}{op}.', True) for op in OPS]
    mixed = sum(a * y for a, y in zip(F.softmax(alpha, 0), results) if y is not None)
    return shuffle(torch.cat([mixed, rest if stride == 1 else max_pool(rest, 2, 2)], 1), partial)


def search_cell(store, states, alpha, beta, reduction, partial, scope):
    edge = 0
    for node in range(NODES):
        share = F.softmax(beta[edge:edge + 2 + node], 0)
        total = 0
        for j in range(2 + node):
            stride = 2 if reduction and j < 2 else 1
            total = total + share[j] * mixed_edge(store, states[j], alpha[edge + j], stride, partial,
                                                  f'{scope}edge{edge + j}.')
        edge += 2 + node
        states.append(total)
    return torch.cat(states[2:], 1)


def found_cell(store, states, edges, reduction, scope):
    for node in range(NODES):
        total = 0
        for k in range(2):
            op, source = edges[2 * node + k]['op'], edges[2 * node + k]['from']
            stride = 2 if reduction and source < 2 else 1
            total = total + operation(store, op, states[source], stride, f'{scope}node{node + 2}.{op}{k}.', False)
        states.append(total)
    return torch.cat(states[2:], 1)


def cell_channels(index, cells, channels):
    return channels * 2 ** sum(index >= r for r in (cells // 3, 2 * cells // 3))


def read_by_all(store, x, made, cells, channels, inputs):
    """In the search, one relu-1x1-norm serves every cell that reads a map at its own size."""
    reductions = (cells // 3, 2 * cells // 3)
    readers = [(made + 1, 1), (made + 2, 0)] + ([(0, 0)] if made < 0 else [])
    readers = [(c, slot) for c, slot in readers if c < cells and not (slot == 0 and c - 1 in reductions)]
    widths = [cell_channels(c, cells, channels) for c, _ in readers]
    if readers:
        y = relu_conv_norm(store, x, sum(widths), f'read{made + 1}.', False)
        inputs.update(zip(readers, torch.split(y, widths, 1)))


def stack(store, x, cells, channels, affine, make_cell):
    """Stem, cells, mean, linear layer. make_cell(index, states, reduction, scope) returns a cell's output."""
    before_last = last = store.norm(conv_same(x, store.take('stem.conv', 3 * channels, 1, 3, 3)), 'stem.conv', 'stem.')
    reductions = (cells // 3, 2 * cells // 3)
    inputs = {}
    if not affine:
        read_by_all(store, last, -1, cells, channels, inputs)
    for i in range(cells):
        scope, width = f'cell{i}.', cell_channels(i, cells, channels)
        bring = factorised_reduction if i - 1 in reductions else relu_conv_norm
        states = [inputs.get((i, slot)) for slot in (0, 1)]
        if states[0] is None:
            states[0] = bring(store, before_last, width, scope + 'pre0.', affine)
        if states[1] is None:
            states[1] = relu_conv_norm(store, last, width, scope + 'pre1.', affine)
        before_last, last = last, make_cell(i, states, i in reductions, scope)
        if not affine:
            read_by_all(store, last, i, cells, channels, inputs)
    return classify(store, last)


def classify(store, x):
    outputs = store.weights['classifier.linear.bias'].numel()
    weight = store.take('classifier.linear', outputs, x.shape[1])
    return F.linear(x.mean((2, 3)), weight, store.take('classifier.linear.bias', outputs))


def align(store, x, grid, scope):
    """A learned convolution down to the grid: strides first, then the kernel that is left; one under 3 is made 2 larger,
    with a row of padding on each side."""
    kernel, stride, pad = [], [], []
    for size, wanted in zip(x.shape[2:], grid):
        stride.append((size - 1) // (wanted - 1))
        left = size - (wanted - 1) * stride[-1]
        kernel.append(left if left >= 3 else left + 2)
        pad.append(0 if left >= 3 else 1)
    return F.conv2d(x, store.take(scope + 'conv', 1, 1, *kernel), store.take(scope + 'conv.bias', 1), stride, pad)


def supernet(store, inputs, arch, options):
    shares = F.softmax(arch['gamma'], 0)
    x = sum(share * align(store, x, options['grid'], f'align{i}.') for i, (share, x) in enumerate(zip(shares, inputs)))

    def cell(index, states, reduction, scope):
        kind = 1 if reduction else 0
        return search_cell(store, states, arch['alpha'][kind], arch['beta'][kind], reduction, options['partial'], scope)
    return stack(store, x, options['cells'], options['channels'], False, cell)


def network(store, inputs, genotype, options):
    def cell(index, states, reduction, scope):
        return found_cell(store, states, genotype['reduction' if reduction else 'normal'], reduction, scope)
    return stack(store, inputs[0], options['cells'], options['channels'], True, cell)


def ds_cnn(store, inputs):
    """Banbury et al., MLPerf Tiny, 2021: 10x4 stride 2 to 64 channels, four depthwise separable blocks."""
    c = 64
    x = conv_same(inputs[0], store.take('stem.conv', c, 1, 10, 4), stride=2)
    x = F.relu(store.norm(x, 'stem.conv', 'stem.'))
    for i in range(4):
        scope = f'block{i}.depthwise.'
        x = conv_same(x, store.take(scope + 'depthwise', c, 1, 3, 3), groups=c)
        x = F.relu(store.norm(x, scope + 'depthwise', scope))
        scope = f'block{i}.pointwise.'
        x = F.relu(store.norm(F.conv2d(x, store.take(scope + 'conv', c, c, 1, 1)), scope + 'conv', scope))
    return classify(store, x)
