// Before the first run: what the readers of a tensor do for it, and when. A kernel may rectify its input
// itself; a batch-normed tensor may leave its gradient where its only reader has it; what a mix owes to a
// term may be a step of its own, or wait for other mixes.
#include "graph/exec_internal.h"

// --- what is never made ---------------------------------------------------------------------------------

static int readers_of(const stp_exec *x, int tensor, int *reader) {
    int readers = x->g->output == tensor;
    for (int i = 0; i < x->g->ops; i++)
        for (int s = 0, t; (t = stp_op_registry[x->g->op[i].kind].sources(x->g, &x->g->op[i], s)) >= 0; s++)
            if (stp_exec_storage_of(x, t) == tensor) {
                readers++;
                *reader = i;
            }
    return readers;
}

// A batch norm and rectifier between two depthwise convolutions, with no other reader, are done by the second
// one's kernel row by row: no tensor, and no pass over it in either direction.
static void find_rectified_inputs(stp_exec *x) {
    for (int i = 0; i < x->g->ops; i++)
        x->rectifies[i] = -1;
    for (int i = 0; i < x->g->ops; i++) {
        const stp_op *op = &x->g->op[i];
        int reader = -1;
        if (op->kind != STP_OP_AFFINE || !op->relu || x->g->tensor[op->in].bn < 0)
            continue;
        if (readers_of(x, op->in, &reader) != 1 || readers_of(x, op->out, &reader) != 1 ||
            x->g->op[reader].kind != STP_OP_DWPW)
            continue;
        x->rectifies[reader] = i;
        x->idle[i] = 1;
    }
}

static int any_marked(const stp_tensor *view, const char *mark) {
    for (int c = 0; c < view->c; c++)
        if (mark[view->c_first + c * view->c_step])
            return 1;
    return 0;
}

static int mark_all(const stp_tensor *view, char *mark) {
    int news = 0;
    for (int c = 0; c < view->c; c++) {
        char *at = &mark[view->c_first + c * view->c_step];
        news |= !*at;
        *at = 1;
    }
    return news;
}

// Marks the channels of a storage that others than mixes read, and whole terms of which a mix would read both
// kinds. (Terms that may drop count as others: no graph has one of such a storage.) Returns whether there
// were new ones.
static int mark_read_channels(const stp_exec *x, int storage, char *mark) {
    int news = 0;
    for (int i = 0; i < x->g->ops; i++) {
        const stp_op *op = &x->g->op[i];
        for (int s = 0, t; (t = stp_op_registry[op->kind].sources(x->g, op, s)) >= 0; s++) {
            const stp_tensor *view = &x->g->tensor[t];
            int folds = op->kind == STP_OP_MIX && !x->g->term[op->term_first + s].drop;
            if (stp_exec_storage_of(x, t) == storage && (!folds || any_marked(view, mark)))
                news |= mark_all(view, mark);
        }
    }
    return news;
}

// A batch norm without an affine part that only an affine without rectifier reads, to make its normalised
// tensor: it is normalised where it lies, but for channels that mixes alone read, which do it as they read.
// Backward then has y = (z - mean)/deviation in the place of z, and needs no more.
static int find_normalised_in_place(stp_exec *x) {
    for (int t = 0; t < x->g->tensors; t++)
        x->lies_in[t] = t;
    for (int i = 0; i < x->g->ops; i++) {
        const stp_op *op = &x->g->op[i];
        int reader, bn = op->kind == STP_OP_AFFINE ? x->g->tensor[op->in].bn : -1;
        if (bn < 0 || op->relu || x->g->bn[bn].gain >= 0 || x->g->tensor[op->out].halo > 0 ||
            stp_exec_storage_of(x, x->g->output) == op->out || x->g->tensor[op->in].transient ||
            readers_of(x, op->in, &reader) != 1)
            continue;
        x->lies_in[op->out] = op->in;
        x->bn[bn].normalised = stp_arena_alloc(x->arena, (size_t)x->g->bn[bn].channels);
        if (!x->bn[bn].normalised)
            return 0;
        while (mark_read_channels(x, op->out, x->bn[bn].normalised))
            ;
    }
    return 1;
}

stp_term_norm stp_exec_term_norm(const stp_exec *x, int tensor) {
    const stp_tensor *t = &x->g->tensor[tensor];
    if (t->bn >= 0)
        return (stp_term_norm){.bn = t->bn, .first = 0, .step = 1};
    int bn = x->lies_in[t->storage] == t->storage ? -1 : x->g->tensor[x->lies_in[t->storage]].bn;
    if (bn >= 0 && x->bn[bn].normalised[t->c_first])
        bn = -1;
    return (stp_term_norm){.bn = bn, .first = t->c_first, .step = t->c_step};
}

int stp_exec_source(const stp_exec *x, const stp_op *op, int index) {
    int affine = x->rectifies[op - x->g->op];
    return affine >= 0 && index == 0 ? x->g->op[affine].in
                                     : stp_op_registry[op->kind].sources(x->g, op, index);
}

// --- who reads a batch-normed tensor ------------------------------------------------------------------

// The maker of a batch-normed tensor reads the gradient where its only consumer has it, if it has one only;
// otherwise the consumers add theirs up in a gradient of the tensor's own.
static void choose_gradient_of_bn(stp_exec *x, int id) {
    const stp_graph *g = x->g;
    int tensor = g->bn[id].tensor, consumers = 0;
    stp_bn_run *run = &x->bn[id];
    run->grad_tensor = tensor;
    run->lazy_coef = -2;
    int through = -1, coef = -2;
    for (int i = 0; i < g->ops; i++) {
        const stp_op *op = &g->op[i];
        for (int s = 0, t; !x->idle[i] && (t = stp_exec_source(x, op, s)) >= 0; s++) {
            if (stp_exec_storage_of(x, t) != tensor)
                continue;
            int drop = op->kind == STP_OP_MIX && g->term[op->term_first + s].drop;
            // a convolution that rectifies it masks its gradient, which so has to be its own
            consumers += 1 + (drop || op->kind == STP_OP_DWPW);
            through = op->out;
            coef = op->kind == STP_OP_MIX ? g->term[op->term_first + s].coef : -2;
        }
    }
    if (consumers != 1)
        return;
    run->grad_tensor = through;
    run->lazy_coef = coef < 0 ? -2 : coef;
}

int stp_exec_drops(const stp_exec *x, const stp_op *mix) {
    for (int t = 0; t < mix->terms; t++)
        if (x->g->term[mix->term_first + t].drop)
            return 1;
    return 0;
}

// Results of depthwise convolutions that one mix alone reads and that are made again. (Of those that are
// kept, a mix takes all at once: g passes by once instead of once a term.)
static void find_dots(stp_exec *x) {
    const stp_graph *g = x->g;
    for (int i = 0; i < g->ops; i++)
        x->dotted[i] = -1;
    for (int i = 0; i < g->ops; i++) {
        const stp_op *op = &g->op[i];
        stp_mix_run *run = &x->mix[i];
        for (int t = 0; op->kind == STP_OP_MIX && t < op->terms; t++) {
            int tensor = g->term[op->term_first + t].tensor, bn = g->tensor[tensor].bn;
            int maker = g->tensor[tensor].maker;
            int apart =
                bn >= 0 && g->tensor[tensor].transient && x->bn[bn].grad_tensor == op->out && maker >= 0;
            if (apart && g->op[maker].kind == STP_OP_DWPW && !stp_exec_drops(x, op)) {
                x->dotted[maker] = i;
                x->dotted_term[maker] = t;
            } else {
                run->kept[run->keeps++] = t;
            }
        }
    }
}

// --- terms that several mixes share ---------------------------------------------------------------------

static int same_view(const stp_exec *x, int a, int b) {
    const stp_tensor *s = &x->g->tensor[a], *t = &x->g->tensor[b];
    return s->storage == t->storage && s->c_first == t->c_first && s->c_step == t->c_step && s->c == t->c;
}

// Whether what a mix owes to a term may wait: its gradient is a sum over mixes, and no drop path weighs it.
static int may_wait(const stp_exec *x, const stp_op *mix, int term) {
    return !stp_exec_drops(x, mix) && stp_exec_has_own_grad(x, x->g->term[mix->term_first + term].tensor);
}

// The kept terms of `mix` and the mixes after it that read the tensor `tensor`, and wait for `mix`.
static int collect_readers(const stp_exec *x, int mix, int tensor, stp_mix_reader *reader) {
    int readers = 0;
    for (int i = mix; i < x->g->ops; i++)
        for (int k = 0; x->g->op[i].kind == STP_OP_MIX && k < x->mix[i].keeps; k++) {
            const int term = x->mix[i].kept[k];
            if (readers < STP_MIX_MAX_TERMS && may_wait(x, &x->g->op[i], term) &&
                same_view(x, x->g->term[x->g->op[i].term_first + term].tensor, tensor))
                reader[readers++] = (stp_mix_reader){i, term};
        }
    return readers;
}

static void release_term(stp_mix_run *run, int term) {
    int n = 0;
    for (int k = 0; k < run->keeps; k++)
        if (run->kept[k] != term)
            run->kept[n++] = run->kept[k];
    run->keeps = n;
}

static int add_gather(stp_exec *x, int mix, int term, const stp_mix_reader *reader, int readers) {
    stp_mix_run *run = &x->mix[mix];
    const int channels = x->g->tensor[x->g->op[mix].out].c;
    stp_mix_gather *gather = &run->gather[run->gathers++];
    *gather = (stp_mix_gather){.term = term, .readers = readers};
    gather->reader = STP_ARENA_ARRAY(x->arena, stp_mix_reader, readers);
    gather->coef = STP_ARENA_ARRAY(x->arena, stp_real, (size_t)readers * channels);
    if (!gather->reader || !gather->coef)
        return 0;
    for (int i = 0; i < readers; i++) {
        gather->reader[i] = reader[i];
        release_term(&x->mix[reader[i].mix], reader[i].term);
    }
    run->gathered += readers;
    return 1;
}

// A state of a cell is a term of every later node's mix. What they owe to it waits for the first of them,
// which is the last to go backward: it then reads all their gradients at once and gives the state its own in
// one pass, instead of one pass over that for each of them.
static int find_gathers(stp_exec *x) {
    for (int i = 0; i < x->g->ops; i++) {
        stp_mix_run *run = &x->mix[i];
        stp_mix_reader reader[STP_MIX_MAX_TERMS];
        for (int k = 0; x->g->op[i].kind == STP_OP_MIX && k < run->keeps;) {
            const int term = run->kept[k];
            int readers =
                may_wait(x, &x->g->op[i], term)
                    ? collect_readers(x, i, x->g->term[x->g->op[i].term_first + term].tensor, reader)
                    : 0;
            if (readers < 2)
                k++;
            else if (!add_gather(x, i, term, reader, readers))
                return 0;
        }
    }
    return 1;
}

int stp_exec_serves_in_backward(const stp_exec *x, const stp_op *op, int source) {
    const stp_mix_run *run = &x->mix[op - x->g->op];
    if (op->kind != STP_OP_MIX)
        return 1;
    for (int k = 0; k < run->keeps; k++)
        if (run->kept[k] == source)
            return 1;
    for (int k = 0; k < run->gathers; k++)
        if (run->gather[k].term == source)
            return 1;
    return 0;
}

int stp_exec_has_own_grad(const stp_exec *x, int tensor) {
    int storage = stp_exec_storage_of(x, tensor), bn = x->g->tensor[storage].bn;
    if (bn >= 0 && x->bn[bn].grad_tensor != storage)
        return 0;
    for (int i = 0; i < x->g->input_count; i++)
        if (x->g->inputs[i] == storage)
            return 0;
    return 1;
}

int stp_exec_choose_readers(stp_exec *x) {
    find_rectified_inputs(x);
    if (!find_normalised_in_place(x))
        return 0;
    for (int i = 0; i < x->g->bns; i++)
        choose_gradient_of_bn(x, i);
    find_dots(x);
    return find_gathers(x);
}
