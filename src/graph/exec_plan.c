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

// The storage whose gradient the backward of an operation reads.
static int grad_read(const stp_exec *x, const stp_op *op) {
    int bn = stp_exec_bn_of(x, op->out);
    return stp_exec_storage_of(x, bn >= 0 ? x->bn[bn].grad_tensor : op->out);
}

// --- the schedule -----------------------------------------------------------------------------------------

static void add_step(stp_exec *x, int op, stp_step_kind kind) {
    x->step[x->steps++] = (stp_step){op, kind, 0, x->g->op[op].terms};
}

static void add_forward(stp_exec *x, int op, int from, int to) {
    x->step[x->steps++] = (stp_step){op, STP_STEP_FORWARD, from, to};
}

static int is_made_again(const stp_exec *x, int storage) {
    return x->g->tensor[x->lies_in[storage]].transient;
}

static void remake(stp_exec *x, int tensor, char *remade) {
    int storage = stp_exec_storage_of(x, tensor);
    if (!is_made_again(x, storage) || remade[storage])
        return;
    remade[storage] = 1;
    int maker = x->g->tensor[storage].maker;
    const stp_op *op = &x->g->op[maker];
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++)
        remake(x, t, remade);
    add_step(x, maker, STP_STEP_AGAIN);
}

// A mix of many terms takes each result of a depthwise convolution as soon as there is one, while it is near:
// one that nobody keeps then never goes to main memory.
enum { FEWEST_TERMS_TO_SPLIT = 8 };

static int may_split(const stp_exec *x, const stp_op *mix) {
    return mix->kind == STP_OP_MIX && mix->terms >= FEWEST_TERMS_TO_SPLIT && !stp_exec_drops(x, mix);
}

static int tensor_of_term(const stp_exec *x, int mix, int term) {
    return x->g->term[x->g->op[mix].term_first + term].tensor;
}

// Whether two tensors lie among the same channels of a storage.
static int overlap(const stp_exec *x, int a, int b) {
    const stp_tensor *s = &x->g->tensor[a], *t = &x->g->tensor[b];
    return s->storage == t->storage && s->c_first <= t->c_first + (t->c - 1) * t->c_step &&
           t->c_first <= s->c_first + (s->c - 1) * s->c_step;
}

// The last operation before a mix that writes to where one of its terms lies, -1: none.
static int last_writer(const stp_exec *x, int mix, int term) {
    int i = mix - 1;
    while (i >= 0 && !overlap(x, x->g->op[i].out, tensor_of_term(x, mix, term)))
        i--;
    return i;
}

// The first mix that reads the result of an operation, if it may be split; else -1.
static int mix_of(const stp_exec *x, int op) {
    for (int i = op + 1; i < x->g->ops; i++)
        for (int t = 0; t < x->g->op[i].terms; t++)
            if (stp_exec_storage_of(x, tensor_of_term(x, i, t)) == x->g->op[op].out)
                return may_split(x, &x->g->op[i]) ? i : -1;
    return -1;
}

// The terms that a mix still lacks and that are there after an operation, if its result is the last of them.
// from: [ops], the first that it lacks.
static void add_terms(stp_exec *x, int op, int *from) {
    int mix = mix_of(x, op), last = -1, to;
    if (mix < 0)
        return;
    for (to = from[mix]; to < x->g->op[mix].terms && last_writer(x, mix, to) <= op; to++)
        last = last_writer(x, mix, to);
    if (last != op || to == x->g->op[mix].terms)
        return;
    add_forward(x, mix, from[mix], to);
    from[mix] = to;
}

static void schedule_forward(stp_exec *x, int *from) {
    for (int i = 0; i < x->g->ops; i++) {
        if (x->idle[i])
            continue;
        add_forward(x, i, from[i], x->g->op[i].terms);
        if (x->g->op[i].kind == STP_OP_DWPW)
            add_terms(x, i, from);
    }
    x->forward_steps = x->steps;
}

static void schedule(stp_exec *x, char *remade, int *from) {
    schedule_forward(x, from);
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
            if (stp_exec_serves_in_backward(x, op, s))
                remake(x, t, remade);
        add_step(x, i, STP_STEP_BACKWARD);
    }
}

// --- gradients: write, or add ------------------------------------------------------------------------------

// Which gradients somebody has given something to, while backward is gone through.
typedef struct begun {
    int *first;    // [tensors]: where a storage's channels begin
    char *channel; // begun
    char *whole;   // [tensors]: a storage that is begun as a whole, by zeroing it
} begun;

static int count_in_op(const stp_exec *x, const stp_op *op, int storage) {
    int n = 0;
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++)
        n += stp_exec_storage_of(x, t) == storage;
    return n;
}

// The first to write the whole tensor need not add; who writes a part of it first, zeroes the rest.
static stp_grad_mode mode_of_whole(const stp_exec *x, const stp_op *op, int tensor, begun *b) {
    int storage = stp_exec_storage_of(x, tensor);
    char *any = &b->channel[b->first[storage]];
    if (*any)
        return STP_GRAD_ADD;
    *any = 1;
    return storage == tensor && count_in_op(x, op, storage) == 1 ? STP_GRAD_WRITE : STP_GRAD_ZERO_ADD;
}

// The first to write some channels need not add. That some of a view's channels were begun and others not is
// rare enough to give in to.
static stp_grad_mode mode_of(const stp_exec *x, const stp_op *op, int source, begun *b) {
    int tensor = stp_exec_source(x, op, source), storage = stp_exec_storage_of(x, tensor), before = 0;
    if (!stp_exec_serves_in_backward(x, op, source) || !stp_exec_has_own_grad(x, tensor))
        return STP_GRAD_NONE;
    if (b->whole[storage])
        return mode_of_whole(x, op, tensor, b);
    const stp_tensor *t = &x->g->tensor[tensor];
    for (int c = 0; c < t->c; c++) {
        char *channel = &b->channel[b->first[storage] + t->c_first + c * t->c_step];
        before += *channel;
        *channel = 1;
    }
    b->whole[storage] = before > 0 && before < t->c;
    return before ? STP_GRAD_ADD : STP_GRAD_WRITE;
}

// In the order in which an operation serves its sources: of a mix, what it gathers comes last.
static void choose_modes_of(const stp_exec *x, const stp_op *op, begun *b, stp_grad_mode *mode) {
    const stp_mix_run *run = &x->mix[op - x->g->op];
    if (op->kind != STP_OP_MIX) {
        mode[0] = mode_of(x, op, 0, b);
        return;
    }
    for (int s = 0; s < op->terms; s++)
        mode[s] = STP_GRAD_NONE;
    for (int k = 0; k < run->keeps; k++)
        mode[run->kept[k]] = mode_of(x, op, run->kept[k], b);
    for (int k = 0; k < run->gathers; k++)
        mode[run->gather[k].term] = mode_of(x, op, run->gather[k].term, b);
}

static void choose_all_modes(const stp_exec *x, begun *b, int channels) {
    memset(b->channel, 0, (size_t)channels);
    for (int i = x->forward_steps; i < x->steps; i++)
        if (x->step[i].kind == STP_STEP_BACKWARD)
            choose_modes_of(x, &x->g->op[x->step[i].op], b, x->grad_mode[x->step[i].op]);
}

// A storage of which nobody begins some channels is begun as a whole: somebody reads them all.
static void find_gaps(const stp_exec *x, begun *b) {
    for (int t = 0; t < x->g->tensors; t++) {
        int n = 0, channels = x->g->tensor[t].c;
        for (int c = 0; c < channels && stp_exec_storage_of(x, t) == t; c++)
            n += b->channel[b->first[t] + c];
        b->whole[t] |= n > 0 && n < channels;
    }
}

static int choose_grad_modes(stp_exec *x, stp_arena *scratch) {
    int channels = 0;
    begun b = {.first = STP_ARENA_ARRAY(scratch, int, x->g->tensors + 1),
               .whole = stp_arena_alloc(scratch, (size_t)x->g->tensors + 1)};
    for (int t = 0; b.first && t < x->g->tensors; t++) {
        b.first[t] = channels;
        channels += x->g->tensor[t].c;
    }
    b.channel = stp_arena_alloc(scratch, (size_t)channels + 1);
    if (!b.first || !b.whole || !b.channel)
        return 0;
    memset(b.whole, 0, (size_t)x->g->tensors);
    for (int i = 0; i < x->g->ops; i++)
        if (!(x->grad_mode[i] = STP_ARENA_ARRAY(x->arena, stp_grad_mode, x->g->op[i].terms + 1)))
            return 0;
    choose_all_modes(x, &b, channels);
    find_gaps(x, &b);
    choose_all_modes(x, &b, channels);
    return 1;
}

// --- places ------------------------------------------------------------------------------------------------

static void measure(stp_exec *x, int tensor) {
    const stp_tensor *t = &x->g->tensor[tensor];
    stp_place *p = &x->place[tensor];
    int columns = t->w + t->halo;          // a channel's zeros on the right are the next one's on the left
    int dense = t->maker < 0 && t->c == 1; // inputs are filled by others, without gaps
    p->chan = (ptrdiff_t)columns * x->lanes;
    p->row = dense || t->h == 1 ? (ptrdiff_t)t->c * p->chan : stp_exec_row_stride(t->c, columns, x->lanes);
    p->reals = (size_t)p->row * (size_t)t->h + (size_t)(t->halo * x->lanes);
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

static void touch_value(const stp_exec *x, lifetimes *l, int tensor, int step) {
    int storage = x->lies_in[stp_exec_storage_of(x, tensor)];
    int again = is_made_again(x, storage) && step >= x->forward_steps;
    stp_plan_touch(&l->item[3 * storage + again], step);
}

static void touch_grad(lifetimes *l, int storage, int step) {
    stp_plan_touch(&l->item[3 * storage + 2], step);
}

static void touch_step(const stp_exec *x, lifetimes *l, int i) {
    const stp_op *op = &x->g->op[x->step[i].op];
    int backward = x->step[i].kind == STP_STEP_BACKWARD;
    if (x->step[i].kind == STP_STEP_DOT) {
        touch_value(x, l, op->out, i);
        touch_grad(l, grad_read(x, op), i);
        return;
    }
    const int whole = backward || op->kind != STP_OP_MIX;
    for (int s = 0, t; (t = stp_exec_source(x, op, s)) >= 0; s++) {
        if (!whole && (s < x->step[i].from || s >= x->step[i].to))
            continue;
        if (!backward || stp_exec_serves_in_backward(x, op, s))
            touch_value(x, l, t, i);
        if (backward && x->grad_mode[x->step[i].op][s] != STP_GRAD_NONE)
            touch_grad(l, stp_exec_storage_of(x, t), i);
    }
    int reads_output =
        stp_op_registry[op->kind].reads_output_backward || x->rounded || stp_exec_bn_of(x, op->out) >= 0;
    if (!backward || reads_output)
        touch_value(x, l, op->out, i);
    if (backward)
        touch_grad(l, grad_read(x, op), i);
    const stp_mix_run *run = &x->mix[x->step[i].op];
    for (int k = 0; backward && op->kind == STP_OP_MIX && k < run->gathers; k++)
        for (int r = 0; r < run->gather[k].readers; r++)
            touch_grad(l, grad_read(x, &x->g->op[run->gather[k].reader[r].mix]), i);
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
        if (!is_made_again(x, t))
            x->place[t].value[1] = x->place[t].value[0];
    for (int t = 0; t < tensors; t++)
        for (int k = 0; k < 2 && x->lies_in[t] != t; k++)
            x->place[t].value[k] = x->place[x->lies_in[t]].value[k];
    return total;
}

stp_status stp_exec_plan(stp_exec *x, stp_err *err) {
    int tensors = x->g->tensors;
    stp_arena *scratch = stp_arena_create();
    if (!scratch)
        return stp_err_memory(err, "a memory plan", 64);
    char *marks = stp_arena_alloc(scratch, (size_t)tensors);
    lifetimes l = {.item = STP_ARENA_ARRAY(scratch, stp_plan_item, 3 * tensors),
                   .order = STP_ARENA_ARRAY(scratch, int, 9 * tensors)};
    int *from = STP_ARENA_ARRAY(scratch, int, x->g->ops);
    int enough = marks && l.item && l.order && from;
    if (enough) {
        enough = stp_exec_choose_readers(x);
    }
    if (enough) {
        schedule(x, marks, from);
        enough = choose_grad_modes(x, scratch);
    }
    if (enough)
        x->block_reals = place_all(x, &l);
    stp_arena_destroy(scratch);
    return enough ? STP_OK : stp_err_memory(err, "a memory plan", (unsigned long long)tensors * 64);
}
