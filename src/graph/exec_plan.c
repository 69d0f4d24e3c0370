// Before the first run: the order of steps, how each gradient comes about, and where every tensor lies.
#include "graph/exec_internal.h"
#include "graph/plan.h"

#include <string.h>

ptrdiff_t stp_exec_row_stride(int channels, int columns, int lanes) {
    ptrdiff_t row = (ptrdiff_t)channels * columns * lanes;
    // Rows whose distance is a multiple of a kilobyte share cache sets and stall loads behind stores 4 KiB
    // apart.
    if (row * (ptrdiff_t)sizeof(stp_real) % 1024 == 0)
        row += lanes;
    return row;
}

static int storage_of(const stp_exec *x, int tensor) {
    return x->g->tensor[tensor].storage;
}

static const stp_op_row *row_of(const stp_op *op) {
    return &stp_op_registry[op->kind];
}

// --- what is never made ---------------------------------------------------------------------------------

static int readers_of(const stp_exec *x, int tensor, int *reader) {
    int readers = x->g->output == tensor;
    for (int i = 0; i < x->g->ops; i++)
        for (int s = 0, t; (t = row_of(&x->g->op[i])->sources(x->g, &x->g->op[i], s)) >= 0; s++)
            if (storage_of(x, t) == tensor) {
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

int stp_exec_source(const stp_exec *x, const stp_op *op, int index) {
    int affine = x->rectifies[op - x->g->op];
    return affine >= 0 && index == 0 ? x->g->op[affine].in : row_of(op)->sources(x->g, op, index);
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
            if (storage_of(x, t) != tensor)
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

static int drops(const stp_exec *x, const stp_op *mix) {
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
            if (apart && g->op[maker].kind == STP_OP_DWPW && !drops(x, op)) {
                x->dotted[maker] = i;
                x->dotted_term[maker] = t;
            } else {
                run->kept[run->keeps++] = t;
            }
        }
    }
}

// Whether the backward of an operation reads the value of its source.
static int reads_in_backward(const stp_exec *x, const stp_op *op, int source) {
    const stp_mix_run *run = &x->mix[op - x->g->op];
    for (int k = 0; op->kind == STP_OP_MIX && k < run->keeps; k++)
        if (run->kept[k] == source)
            return 1;
    return op->kind != STP_OP_MIX;
}

static int has_own_grad(const stp_exec *x, int tensor) {
    int storage = storage_of(x, tensor), bn = x->g->tensor[storage].bn;
    if (bn >= 0 && x->bn[bn].grad_tensor != storage)
        return 0;
    for (int i = 0; i < x->g->input_count; i++)
        if (x->g->inputs[i] == storage)
            return 0;
    return 1;
}

// The storage whose gradient the backward of an operation reads.
static int grad_read(const stp_exec *x, const stp_op *op) {
    int bn = stp_exec_bn_of(x, op->out);
    return storage_of(x, bn >= 0 ? x->bn[bn].grad_tensor : op->out);
}

// --- the schedule -----------------------------------------------------------------------------------------

static void add_step(stp_exec *x, int op, stp_step_kind kind) {
    x->step[x->steps++] = (stp_step){op, kind};
}

static void remake(stp_exec *x, int tensor, char *remade) {
    int storage = storage_of(x, tensor);
    if (!x->g->tensor[storage].transient || remade[storage])
        return;
    remade[storage] = 1;
    int maker = x->g->tensor[storage].maker;
    const stp_op *op = &x->g->op[maker];
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++)
        remake(x, t, remade);
    add_step(x, maker, STP_STEP_AGAIN);
}

static void schedule(stp_exec *x, char *remade) {
    for (int i = 0; i < x->g->ops; i++)
        if (!x->idle[i])
            add_step(x, i, STP_STEP_FORWARD);
    x->forward_steps = x->steps;
    if (!x->training)
        return;
    for (int i = x->g->ops - 1; i >= 0; i--) {
        const stp_op *op = &x->g->op[i];
        if (x->idle[i])
            continue;
        if (x->dotted[i] >= 0) {
            remake(x, op->out, remade);
            add_step(x, i, STP_STEP_DOT);
        }
        for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++)
            if (reads_in_backward(x, op, s))
                remake(x, t, remade);
        add_step(x, i, STP_STEP_BACKWARD);
    }
}

// --- gradients: write, or add
// -------------------------------------------------------------------------------

static int count_in_mix(const stp_exec *x, const stp_op *op, int storage) {
    int n = 0;
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++)
        n += storage_of(x, t) == storage;
    return n;
}

static stp_grad_mode mode_of(const stp_exec *x, const stp_op *op, int tensor, char *begun) {
    int storage = storage_of(x, tensor);
    if (!has_own_grad(x, tensor))
        return STP_GRAD_NONE;
    if (begun[storage])
        return STP_GRAD_ADD;
    begun[storage] = 1;
    // The first to write the whole tensor need not add; who writes a part of it first, zeroes the rest.
    return storage == tensor && count_in_mix(x, op, storage) == 1 ? STP_GRAD_WRITE : STP_GRAD_ZERO_ADD;
}

static int choose_grad_modes(stp_exec *x, char *begun) {
    for (int i = x->forward_steps; i < x->steps; i++) {
        const stp_op *op = &x->g->op[x->step[i].op];
        if (x->step[i].kind != STP_STEP_BACKWARD)
            continue;
        int sources = op->kind == STP_OP_MIX ? op->terms : 1;
        stp_grad_mode *mode = STP_ARENA_ARRAY(x->arena, stp_grad_mode, sources);
        if (!mode)
            return 0;
        for (int s = 0; s < sources; s++)
            mode[s] = mode_of(x, op, stp_exec_source(x, op, s), begun);
        x->grad_mode[x->step[i].op] = mode;
    }
    return 1;
}

// --- places
// -----------------------------------------------------------------------------------------------------

static void measure(stp_exec *x, int tensor) {
    const stp_tensor *t = &x->g->tensor[tensor];
    stp_place *p = &x->place[tensor];
    int columns = t->w + 2 * t->halo;
    int dense = t->maker < 0 && t->c == 1; // inputs are filled by others, without gaps
    p->chan = (ptrdiff_t)columns * x->lanes;
    p->row = dense || t->h == 1 ? (ptrdiff_t)t->c * p->chan : stp_exec_row_stride(t->c, columns, x->lanes);
    p->reals = (size_t)p->row * (size_t)(t->h + 2 * t->halo);
    p->grad_chan = (ptrdiff_t)t->w * x->lanes;
    p->grad_row = t->h == 1 ? (ptrdiff_t)t->c * p->grad_chan : stp_exec_row_stride(t->c, t->w, x->lanes);
    p->grad_reals = (size_t)p->grad_row * (size_t)t->h;
    p->value[0] = p->value[1] = p->grad = -1;
}

// Lifetimes: three items a storage (value in forward, value made again, gradient); never used: last < first.
typedef struct lifetimes {
    stp_plan_item *item;
    int *order; // scratch: 9 * tensors
} lifetimes;

static void touch(stp_plan_item *item, int step) {
    if (item->last < item->first)
        item->first = item->last = step;
    item->first = step < item->first ? step : item->first;
    item->last = step > item->last ? step : item->last;
}

static void touch_value(const stp_exec *x, lifetimes *l, int tensor, int step) {
    int storage = storage_of(x, tensor);
    int again = x->g->tensor[storage].transient && step >= x->forward_steps;
    touch(&l->item[3 * storage + again], step);
}

static void touch_grad(lifetimes *l, int storage, int step) {
    touch(&l->item[3 * storage + 2], step);
}

static void touch_step(const stp_exec *x, lifetimes *l, int i) {
    const stp_op *op = &x->g->op[x->step[i].op];
    int backward = x->step[i].kind == STP_STEP_BACKWARD;
    if (x->step[i].kind == STP_STEP_DOT) {
        touch_value(x, l, op->out, i);
        touch_grad(l, grad_read(x, op), i);
        return;
    }
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++) {
        if (!backward || reads_in_backward(x, op, s))
            touch_value(x, l, t, i);
        if (backward && x->grad_mode[x->step[i].op][s] != STP_GRAD_NONE)
            touch_grad(l, storage_of(x, t), i);
    }
    int reads_output = row_of(op)->reads_output_backward || x->rounded || stp_exec_bn_of(x, op->out) >= 0;
    if (!backward || reads_output)
        touch_value(x, l, op->out, i);
    if (backward)
        touch_grad(l, grad_read(x, op), i);
}

static void touch_ends(const stp_exec *x, lifetimes *l) {
    for (int i = 0; i < x->g->input_count; i++) {
        touch_value(x, l, x->g->inputs[i], 0);
        touch_value(x, l, x->g->inputs[i], x->steps - 1);
    }
    touch_value(x, l, x->g->output, x->steps - 1);
    if (x->training)
        touch_grad(l, x->g->output, x->forward_steps);
}

static size_t place_all(stp_exec *x, lifetimes *l) {
    int tensors = x->g->tensors;
    for (int t = 0; t < tensors; t++) {
        measure(x, t);
        size_t sizes[3] = {x->place[t].reals, x->place[t].reals, x->place[t].grad_reals};
        for (int k = 0; k < 3; k++)
            l->item[3 * t + k] = (stp_plan_item){.size = sizes[k], .first = 0, .last = -1};
    }
    touch_ends(x, l);
    for (int i = 0; i < x->steps; i++)
        touch_step(x, l, i);
    // Only what is used takes part; whole cache lines, and tensors start at different places of a page.
    int used = 0;
    int *which = l->order + 6 * tensors;
    for (int i = 0; i < 3 * tensors; i++)
        if (l->item[i].last >= l->item[i].first) {
            l->item[used] = l->item[i];
            l->item[used].size = (l->item[used].size + 15) / 16 * 16 + (size_t)(used % 8) * 16;
            which[used++] = i;
        }
    size_t total = stp_plan_greedy(l->item, used, l->order);
    for (int i = 0; i < used; i++) {
        stp_place *p = &x->place[which[i] / 3];
        ptrdiff_t offset = (ptrdiff_t)l->item[i].offset;
        if (which[i] % 3 == 2)
            p->grad = offset;
        else
            p->value[which[i] % 3] = offset;
    }
    for (int t = 0; t < tensors; t++)
        if (!x->g->tensor[t].transient)
            x->place[t].value[1] = x->place[t].value[0];
    return total;
}

stp_status stp_exec_plan(stp_exec *x, size_t *block_reals, stp_err *err) {
    int tensors = x->g->tensors;
    stp_arena *scratch = stp_arena_create();
    if (!scratch)
        return stp_err_memory(err, "a memory plan", 64);
    char *marks = stp_arena_alloc(scratch, (size_t)tensors * 2);
    lifetimes l = {.item = STP_ARENA_ARRAY(scratch, stp_plan_item, 3 * tensors),
                   .order = STP_ARENA_ARRAY(scratch, int, 9 * tensors)};
    int enough = marks && l.item && l.order;
    if (enough) {
        find_rectified_inputs(x);
        for (int i = 0; i < x->g->bns; i++)
            choose_gradient_of_bn(x, i);
        find_dots(x);
        schedule(x, marks);
        enough = choose_grad_modes(x, marks + tensors);
    }
    if (enough)
        *block_reals = place_all(x, &l);
    stp_arena_destroy(scratch);
    return enough ? STP_OK : stp_err_memory(err, "a memory plan", (unsigned long long)tensors * 64);
}
