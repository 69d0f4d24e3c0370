#include "graph/exec_internal.h"
#include "graph/ops.h"

#include <string.h>

// --- views -------------------------------------------------------------------------------------------------

stp_view stp_exec_no_view(void) {
    return (stp_view){0};
}

stp_view stp_exec_value(const stp_exec *x, int tensor, int block) {
    const stp_tensor *t = &x->g->tensor[tensor];
    const stp_place *p = &x->place[t->storage];
    stp_real *corner = x->memory[block] + p->value[x->phase];
    return (stp_view){.p = corner + t->halo * x->lanes + t->c_first * p->chan,
                      .row = p->row,
                      .chan = p->chan * t->c_step,
                      .c = t->c,
                      .h = t->h,
                      .w = t->w,
                      .halo = t->halo};
}

stp_view stp_exec_grad(const stp_exec *x, int tensor, int block) {
    const stp_tensor *t = &x->g->tensor[tensor];
    const stp_place *p = &x->place[t->storage];
    if (p->grad < 0)
        return stp_exec_no_view();
    return (stp_view){.p = x->memory[block] + p->grad + t->c_first * p->grad_chan,
                      .row = p->grad_row,
                      .chan = p->grad_chan * t->c_step,
                      .c = t->c,
                      .h = t->h,
                      .w = t->w};
}

int stp_exec_storage_of(const stp_exec *x, int tensor) {
    return x->g->tensor[tensor].storage;
}

int stp_exec_bn_of(const stp_exec *x, int tensor) {
    return x->g->tensor[x->g->tensor[tensor].storage].bn;
}

int stp_exec_group_of(const stp_exec *x, int block) {
    return block / x->blocks_per_group;
}

stp_view stp_exec_grad_target(stp_exec *x, const stp_op *op, int source, int tensor, int block, int *add) {
    stp_grad_mode mode = x->grad_mode[op - x->g->op][source];
    *add = mode != STP_GRAD_WRITE;
    if (mode == STP_GRAD_NONE)
        return stp_exec_no_view();
    if (mode == STP_GRAD_ZERO_ADD) {
        const stp_place *p = &x->place[x->g->tensor[tensor].storage];
        memset(x->memory[block] + p->grad, 0, sizeof(stp_real) * p->grad_reals);
    }
    return stp_exec_grad(x, tensor, block);
}

// --- making ------------------------------------------------------------------------------------------------

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

// What a block (sums) and a thread (scratch) need beside tensors: at the most demanding operation, each taken
// by itself, since the largest kernel and the most channels never meet.
static void measure_scratch(stp_exec *x) {
    for (int i = 0; i < x->g->ops; i++) {
        const stp_op *op = &x->g->op[i];
        const stp_tensor *out = &x->g->tensor[op->out], *in = op->in >= 0 ? &x->g->tensor[op->in] : out;
        int sums = op->kind == STP_OP_MIX ? op->terms + 1 + x->mix[i].gathered : 2;
        int channels = in->c > out->c ? in->c : out->c, width = in->w > out->w ? in->w : out->w;
        int k = op->window.k_h > op->window.k_w ? op->window.k_h : op->window.k_w;
        x->sums_reals = most(x->sums_reals, (size_t)sums * channels * x->lanes);
        if (op->window.k_h > 0)
            x->scratch_reals =
                most(x->scratch_reals,
                     stp_kernel_scratch_reals(x->lanes, op->kind == STP_OP_CONV, channels, width, k));
    }
}

// `count` pieces of memory of the same size.
static stp_real **make_pieces(stp_exec *x, int count, size_t reals) {
    stp_real **piece = STP_ARENA_ARRAY(x->arena, stp_real *, count);
    for (int i = 0; piece && i < count; i++) {
        // Pieces of equal layout start at different places of a page.
        size_t shift = (size_t)(i % 16) * 9 * 16;
        stp_real *memory = STP_ARENA_ARRAY(x->arena, stp_real, reals + shift + 16);
        if (!memory)
            return NULL;
        piece[i] = memory + shift;
    }
    return piece;
}

static int make_blocks(stp_exec *x, const stp_exec *lender) {
    const int threads = stp_pool_threads(x->pool), active = threads < x->blocks ? threads : x->blocks;
    const size_t weights = x->training ? (size_t)x->g->weights : 0;
    if (lender && (lender->blocks < x->blocks || lender->block_reals < x->block_reals))
        lender = NULL;
    const size_t tensors = lender ? 0 : x->block_reals;
    x->bytes = sizeof(stp_real) *
               (x->blocks * (tensors + weights + x->sums_reals) + (size_t)active * x->scratch_reals);
    if (x->bytes > stp_memory_most())
        return 0;
    x->memory = lender ? lender->memory : make_pieces(x, x->blocks, x->block_reals);
    x->slot = make_pieces(x, x->blocks, weights);
    x->sums = make_pieces(x, x->blocks, x->sums_reals);
    x->thread_scratch = make_pieces(x, active, x->scratch_reals);
    x->scratch = STP_ARENA_ARRAY(x->arena, stp_real *, x->blocks);
    return x->memory && x->slot && x->sums && x->thread_scratch && x->scratch;
}

static int make_bn(stp_exec *x, int id) {
    size_t n = (size_t)x->groups * x->g->bn[id].channels;
    stp_bn_run *run = &x->bn[id];
    stp_real **reals[] = {&run->scale, &run->shift, &run->mean, &run->inv, &run->a, &run->b, &run->e};
    for (int i = 0; i < 7; i++)
        if (!(*reals[i] = STP_ARENA_ARRAY(x->arena, stp_real, n)))
            return 0;
    run->sum_dy = STP_ARENA_ARRAY(x->arena, double, n);
    run->sum_dyz = STP_ARENA_ARRAY(x->arena, double, n);
    return run->sum_dy && run->sum_dyz;
}

static int make_mix(stp_exec *x, int id) {
    const stp_op *op = &x->g->op[id];
    size_t channels = (size_t)x->g->tensor[op->out].c, terms = (size_t)op->terms;
    int drop = stp_exec_drops(x, op);
    stp_mix_run *run = &x->mix[id];
    run->coef = STP_ARENA_ARRAY(x->arena, stp_real, x->groups * terms * channels);
    run->constant = STP_ARENA_ARRAY(x->arena, stp_real, x->groups * channels);
    run->plain = STP_ARENA_ARRAY(x->arena, stp_real, terms * channels);
    run->kept = STP_ARENA_ARRAY(x->arena, int, terms);
    run->gather = STP_ARENA_ARRAY(x->arena, stp_mix_gather, terms);
    run->sum_g = STP_ARENA_ARRAY(x->arena, double, x->blocks *channels);
    run->shift = drop ? STP_ARENA_ARRAY(x->arena, stp_real, x->groups * terms * channels) : NULL;
    run->factor = drop ? STP_ARENA_ARRAY(x->arena, stp_real, x->blocks * terms * x->lanes) : NULL;
    return run->coef && run->constant && run->plain && run->kept && run->gather && run->sum_g &&
           (!drop || (run->shift && run->factor));
}

static int make_tables(stp_exec *x) {
    const stp_graph *g = x->g;
    x->step = STP_ARENA_ARRAY(x->arena, stp_step, 4 * g->ops + g->terms);
    x->place = STP_ARENA_ARRAY(x->arena, stp_place, g->tensors);
    x->lies_in = STP_ARENA_ARRAY(x->arena, int, g->tensors);
    x->grad_mode = STP_ARENA_ARRAY(x->arena, stp_grad_mode *, g->ops);
    x->rectifies = STP_ARENA_ARRAY(x->arena, int, g->ops);
    x->idle = stp_arena_alloc(x->arena, (size_t)g->ops);
    x->dotted = STP_ARENA_ARRAY(x->arena, int, g->ops);
    x->dotted_term = STP_ARENA_ARRAY(x->arena, int, g->ops);
    x->bn = STP_ARENA_ARRAY(x->arena, stp_bn_run, g->bns + 1);
    x->mix = STP_ARENA_ARRAY(x->arena, stp_mix_run, g->ops);
    x->d_coefs = STP_ARENA_ARRAY(x->arena, double, x->groups * g->coefs + 1);
    if (!x->step || !x->place || !x->lies_in || !x->grad_mode || !x->rectifies || !x->idle || !x->dotted ||
        !x->dotted_term || !x->bn || !x->mix || !x->d_coefs)
        return 0;
    for (int i = 0; i < g->bns; i++)
        if (!make_bn(x, i))
            return 0;
    for (int i = 0; i < g->ops; i++)
        if (g->op[i].kind == STP_OP_MIX && !make_mix(x, i))
            return 0;
    return 1;
}

stp_status stp_exec_create(stp_exec **out, const stp_graph *graph, stp_pool *pool,
                           const stp_exec_options *options, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_exec *x = arena ? stp_arena_alloc(arena, sizeof *x) : NULL;
    if (!x) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "running a network", sizeof *x);
    }
    x->arena = arena;
    x->g = graph;
    x->pool = pool;
    x->k = stp_kernels_get(options->isa);
    x->lanes = x->k->lanes;
    x->groups = options->groups;
    x->group_samples = options->group_samples;
    x->blocks_per_group = options->group_samples / x->lanes;
    x->blocks = x->groups * x->blocks_per_group;
    x->training = options->training;
    x->rounded = options->rounded;
    stp_status status = make_tables(x) ? stp_exec_plan(x, err) : stp_err_memory(err, "a network's tables", 0);
    if (status == STP_OK) {
        measure_scratch(x);
        if (!make_blocks(x, options->lender))
            status = stp_err_set(
                err, STP_ERR_MEMORY,
                "not enough memory for %d samples at once (%zu MB); take a smaller %s--bn-group or network",
                x->blocks * x->lanes, x->bytes >> 20, x->groups > 1 ? "--micro-batch, " : "");
    }
    if (status != STP_OK) {
        stp_exec_destroy(x);
        return status;
    }
    *out = x;
    return STP_OK;
}

void stp_exec_destroy(stp_exec *exec) {
    if (exec)
        stp_arena_destroy(exec->arena);
}

int stp_exec_lanes(const stp_exec *exec) {
    return exec->lanes;
}

int stp_exec_blocks_per_group(const stp_exec *exec) {
    return exec->blocks_per_group;
}

size_t stp_exec_bytes(const stp_exec *exec) {
    return exec->bytes;
}

stp_real *stp_exec_input(stp_exec *x, int input, int block) {
    return x->memory[block] + x->place[x->g->inputs[input]].value[0];
}

stp_real *stp_exec_logits(stp_exec *x, int block) {
    return x->memory[block] + x->place[x->g->output].value[0];
}

stp_real *stp_exec_d_logits(stp_exec *x, int block) {
    return x->memory[block] + x->place[x->g->output].grad;
}

// --- running -----------------------------------------------------------------------------------------------

static void run_block(void *context, int block, int thread) {
    stp_exec *x = context;
    x->scratch[block] = x->thread_scratch[thread];
    const stp_op *op = &x->g->op[x->current->op];
    const stp_op_row *row = &stp_op_registry[op->kind];
    const stp_rounding *rounding = x->state->rounding ? &x->state->rounding[x->current->op] : NULL;
    if (rounding && !rounding->on)
        rounding = NULL;
    if (x->current->kind == STP_STEP_BACKWARD) {
        if (rounding)
            x->k->round_backward(stp_exec_value(x, op->out, block), rounding->low, rounding->high,
                                 stp_exec_grad(x, op->out, block));
        row->backward(x, op, block);
        return;
    }
    if (x->current->kind == STP_STEP_DOT) {
        stp_mix_dot(x, op, block);
        return;
    }
    row->forward(x, op, block);
    if (x->current->to < op->terms) // a mix that is not whole yet
        return;
    if (rounding)
        x->k->round_forward(stp_exec_value(x, op->out, block), rounding->step, rounding->low, rounding->high);
    if (x->state->watch && x->current->kind == STP_STEP_FORWARD)
        x->state->watch(x->state->watch_context, x->current->op, block, stp_exec_value(x, op->out, block));
}

static void call(void (*fn)(stp_exec *, const stp_op *), stp_exec *x, const stp_op *op) {
    if (fn)
        fn(x, op);
}

static void run_step(stp_exec *x, const stp_step *step) {
    x->current = step;
    const stp_op *op = &x->g->op[step->op];
    const stp_op_row *row = &stp_op_registry[op->kind];
    // a tensor made again needs its inputs' coefficients, but its statistics stand
    if (step->kind == STP_STEP_FORWARD || step->kind == STP_STEP_AGAIN)
        call(row->before_forward, x, op);
    else if (step->kind == STP_STEP_BACKWARD)
        call(row->before_backward, x, op);
    stp_pool_run(x->pool, run_block, x, x->used_groups * x->blocks_per_group);
    if (step->kind == STP_STEP_FORWARD)
        call(row->after_forward, x, op);
    else if (step->kind == STP_STEP_DOT)
        stp_mix_after_dot(x, op);
    else if (step->kind == STP_STEP_BACKWARD)
        call(row->after_backward, x, op);
}

static void run_steps(stp_exec *x, int from, int to) {
    const stp_profile *profile = x->state->profile;
    for (int i = from; i < to; i++) {
        double start = profile ? profile->clock() : 0;
        run_step(x, &x->step[i]);
        if (profile)
            stp_exec_profile_step(x, profile->clock() - start);
    }
}

void stp_exec_forward(stp_exec *x, const stp_exec_state *state, int groups) {
    x->state = state;
    x->used_groups = groups;
    x->phase = 0;
    if (!state->batch_stats)
        stp_bn_from_running(x);
    run_steps(x, 0, x->forward_steps);
}

enum { WEIGHTS_AN_ITEM = 4096 };

// Block after block in order, whoever computed them.
static void add_slots(void *context, int item, int thread) {
    stp_exec *x = context;
    (void)thread;
    int from = item * WEIGHTS_AN_ITEM;
    int to = from + WEIGHTS_AN_ITEM < x->g->weights ? from + WEIGHTS_AN_ITEM : x->g->weights;
    for (int b = 0; b < x->used_groups * x->blocks_per_group; b++)
        for (int i = from; i < to; i++)
            x->state->grads[i] += x->slot[b][i];
}

void stp_exec_backward(stp_exec *x, const stp_exec_state *state, int groups) {
    x->state = state;
    x->used_groups = groups;
    x->phase = 1;
    memset(x->d_coefs, 0, sizeof(double) * (size_t)(x->groups * x->g->coefs));
    run_steps(x, x->forward_steps, x->steps);
    if (state->grads)
        stp_pool_run(x->pool, add_slots, x, (x->g->weights + WEIGHTS_AN_ITEM - 1) / WEIGHTS_AN_ITEM);
    if (state->d_coefs)
        for (int group = 0; group < groups; group++)
            for (int i = 0; i < x->g->coefs; i++)
                state->d_coefs[i] += x->d_coefs[(size_t)group * x->g->coefs + i];
}
