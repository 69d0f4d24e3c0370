// On an emulated processor: every operation and every front-end of the design, each a region of the kit's
// counter, run as a system runs them (stapes_invoke_op, stapes_push).   measure OPERATIONS FRONTS
// Prints the deepest stack of each kind of operation and of a row of features, and the size of the state.
#include "fw.h"
#include "problem.h"
#include "runtime/runtime.h"

static int8_t arena[PROBLEM_ARENA + PROBLEM_SCRATCH] __attribute__((aligned(8)));
static int8_t weights[PROBLEM_WEIGHTS], shifts[PROBLEM_CHANNELS];
static int32_t biases[PROBLEM_CHANNELS], multipliers[PROBLEM_CHANNELS];
static uint32_t tables[PROBLEM_FRONT_WORDS], memory[4096];
static stapes_model model;
static stapes state;
static unsigned deepest[STAPES_OP_KINDS + 1];

// --- operations --------------------------------------------------------------------------------------------

static uint32_t random_state = 1;

static int8_t random_byte(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return (int8_t)((int32_t)(random_state >> 24) - 128);
}

static void fill_constants(const problem_op *p) {
    for (int i = 0; i < PROBLEM_CHANNELS; i++) {
        biases[i] = i % 40 * 100 - 2000;
        multipliers[i] = (1 << 30) + i * 1000003 % (1 << 30);
        shifts[i] = (int8_t)(-(i % 2) - p->bits);
    }
    if (p->op.kind != STAPES_ADD)
        return;
    multipliers[0] = 1 << 30; // the input of the larger scale is halved
    shifts[0] = 0;
    shifts[1] = -1;
    shifts[2] = -18;
}

static void count_op(const problem_op *p) {
    fill_constants(p);
    for (int i = 0; i < PROBLEM_ARENA; i++)
        arena[i] = random_byte();
    model.op = &p->op;
    model.map = p->map;
    size_t before = fw_stack_depth();
    fw_stack_repaint();
    fw_count_begin();
    stapes_invoke_op(&state, 0);
    fw_count_end();
    unsigned depth = (unsigned)(fw_stack_used() - before);
    deepest[p->op.kind] = depth > deepest[p->op.kind] ? depth : deepest[p->op.kind];
}

static int count_ops(int file) {
    static const stapes_kernel kernels[STAPES_OP_KINDS] = {
        [STAPES_CONV] = stapes_nn_conv,
        [STAPES_POINTWISE] = stapes_nn_pointwise,
        [STAPES_DEPTHWISE] = stapes_nn_depthwise,
        [STAPES_MAX_POOL] = stapes_nn_max_pool,
        [STAPES_AVERAGE_POOL] = stapes_nn_average_pool,
        [STAPES_ADD] = stapes_nn_add,
        [STAPES_FULLY_CONNECTED] = stapes_nn_fully_connected,
    };
    problem_op p;
    model.kernel = kernels;
    model.constants = (stapes_constants){weights, biases, multipliers, shifts};
    model.scratch_offset = PROBLEM_ARENA;
    state.model = &model;
    state.arena = arena;
    for (int i = 0; i < PROBLEM_WEIGHTS; i++)
        weights[i] = (int8_t)(random_byte() | 1); // never -128
    while (fw_read(file, &p, sizeof p) == (long)sizeof p) {
        if (stapes_nn_scratch_bytes(&p.op, p.map) > PROBLEM_SCRATCH)
            return 0;
        count_op(&p);
    }
    return 1;
}

// --- front-ends --------------------------------------------------------------------------------------------

static int read_tables(int file, const problem_front *p, const uint32_t *array[FRONT_ARRAYS]) {
    int32_t all = 0;
    for (int i = 0; i < FRONT_ARRAYS; i++) {
        array[i] = tables + all;
        all += p->words[i];
    }
    return all <= PROBLEM_FRONT_WORDS && fw_read(file, tables, 4 * (size_t)all) == 4 * all;
}

static int count_front(const problem_front *p, const uint32_t *const array[FRONT_ARRAYS]) {
    static float mean[STAPES_FRONT_MAX_FILTERS], inv_deviation[STAPES_FRONT_MAX_FILTERS];
    for (int i = 0; i < p->coefficients; i++) {
        mean[i] = -3.7f / (float)(i + 1);
        inv_deviation[i] = 0.3f + 0.01f * (float)i;
    }
    const stapes_front_config config = {(int16_t)p->window,
                                        (int16_t)p->hop,
                                        (int16_t)p->fft,
                                        (int16_t)p->filters,
                                        (int16_t)p->coefficients,
                                        (int16_t)p->cepstra,
                                        (const float *)(const void *)array[FRONT_WINDOW],
                                        (const uint16_t *)(const void *)array[FRONT_ORDER],
                                        (const float *)(const void *)array[FRONT_ROOTS],
                                        (const uint16_t *)(const void *)array[FRONT_FIRST],
                                        (const uint16_t *)(const void *)array[FRONT_COUNT],
                                        (const float *)(const void *)array[FRONT_MEL],
                                        p->cepstra ? (const float *)(const void *)array[FRONT_DCT] : NULL,
                                        mean,
                                        inv_deviation,
                                        p->check};
    const stapes_map input = {0, 4, (uint16_t)p->coefficients, 1, 1, 0};
    const int16_t *samples = (const int16_t *)(const void *)array[FRONT_SAMPLES];
    size_t window = (size_t)p->window, hop = (size_t)p->hop;
    if (stapes_front_init(&state.front, &config, memory, sizeof memory) != STAPES_FRONT_OK)
        return 0;
    model.front = &config;
    model.map = &input;
    model.feature_scale = 25.5f;
    state.ring = arena;
    state.next = state.rows = 0;
    stapes_push(&state, &samples, &window);
    size_t before = fw_stack_depth();
    fw_stack_repaint();
    fw_count_begin();
    int complete = stapes_push(&state, &samples, &hop);
    fw_count_end();
    unsigned depth = (unsigned)(fw_stack_used() - before);
    deepest[STAPES_OP_KINDS] = depth > deepest[STAPES_OP_KINDS] ? depth : deepest[STAPES_OP_KINDS];
    return complete;
}

static int count_fronts(int file) {
    problem_front p;
    const uint32_t *array[FRONT_ARRAYS];
    while (fw_read(file, &p, sizeof p) == (long)sizeof p)
        if (!read_tables(file, &p, array) || !count_front(&p, array))
            return 0;
    return 1;
}

int main(int argc, char **argv) {
    int ops, fronts;
    if (argc != 3 || (ops = fw_open(argv[1], "r")) < 0 || (fronts = fw_open(argv[2], "r")) < 0)
        return 2;
    if (!count_ops(ops) || !count_fronts(fronts))
        return 1;
    for (int i = 0; i <= STAPES_OP_KINDS; i++)
        fw_print("%u ", deepest[i]);
    fw_print("%u\n", (unsigned)sizeof state);
    return 0;
}
