// Running statistics of batch norm, against means and variances taken in doubles of what the operations
// really wrote: those that follow with a momentum, and those that are estimated again over whole batches.
#include "problem.h"

#include "testing.h"

#include <math.h>

enum { GROUP = 32, GROUPS = 4, HELD = 2, BATCHES = 2, CLASSES = 3, MOST_STATES = 4096 };

// Of one call of forward: sums and sums of squares of every channel that a batch norm normalises.
typedef struct witness {
    const stp_graph *g;
    int lanes, blocks_per_group;
    double sum[HELD][MOST_STATES], squares[HELD][MOST_STATES];
    double count[HELD][MOST_STATES];
} witness;

static void see(void *context, int op, int block, stp_view value) {
    witness *w = context;
    const stp_tensor *out = &w->g->tensor[w->g->op[op].out];
    int id = w->g->tensor[out->storage].bn, group = block / w->blocks_per_group;
    if (id < 0)
        return;
    for (int c = 0; c < value.c; c++) {
        int at = w->g->bn[id].state + out->c_first + c;
        for (int y = 0; y < value.h; y++)
            for (int k = 0; k < value.w * w->lanes; k++) {
                double z = (double)value.p[y * value.row + c * value.chan + k];
                w->sum[group][at] += z;
                w->squares[group][at] += z * z;
            }
        w->count[group][at] += (double)value.h * value.w * w->lanes;
    }
}

// The running statistics as they ought to be after one more group, of which the share is m.
static void follow(const witness *w, int group, double m, double *expected) {
    for (int id = 0; id < w->g->bns; id++) {
        const stp_bn *bn = &w->g->bn[id];
        for (int c = 0; c < bn->channels; c++) {
            int at = bn->state + c;
            double n = w->count[group][at], mean = w->sum[group][at] / n;
            double variance = (w->squares[group][at] - n * mean * mean) / (n - 1);
            assert_true(n >= GROUP);
            expected[at] += m * (mean - expected[at]);
            expected[at + bn->channels] += m * (variance - expected[at + bn->channels]);
        }
    }
}

// All batches, HELD groups at a time; after each, `expected` beside what the step says.
static void check(problem *p, int averaging) {
    static witness w;
    static double expected[MOST_STATES];
    double coefs[STP_ARCH_COEFS];
    stp_err err;
    stp_pool *pool;
    stp_exec *x;
    assert_true(p->g->states <= MOST_STATES);
    problem_must(stp_pool_create(&pool, 1, &err), &err);
    problem_must(
        stp_exec_create(&x, p->g, pool,
                        &(stp_exec_options){
                            .isa = stp_isa_current(), .group_samples = GROUP, .groups = HELD, .training = 1},
                        &err),
        &err);
    stp_arch_coefs(&p->arch, p->fronts, coefs);
    for (int i = 0; i < p->g->states; i++) {
        p->running[i] = 7; // of something that was there before
        expected[i] = 7;
    }
    stp_exec_state state = {.weights = p->weights,
                            .running = p->running,
                            .coefs = coefs,
                            .batch_stats = 1,
                            .momentum = averaging ? 0 : 0.1,
                            .averaging = averaging,
                            .batch_groups = GROUPS,
                            .watch = see,
                            .watch_context = &w};
    for (int done = 0; done < BATCHES * GROUPS; done += HELD) {
        memset(&w, 0, sizeof w);
        w.g = p->g;
        w.lanes = stp_exec_lanes(x);
        w.blocks_per_group = stp_exec_blocks_per_group(x);
        state.averaged_batches = done / GROUPS;
        state.first_group = done % GROUPS;
        for (int b = 0; b < HELD * w.blocks_per_group; b++)
            problem_load(p, x, done * GROUP + b * w.lanes, b);
        stp_exec_forward(x, &state, HELD);
        for (int group = 0; group < HELD; group++)
            follow(&w, group, averaging ? 1.0 / (done + group + 1) : 0.1, expected);
    }
    for (int i = 0; i < p->g->states; i++) // sums of floats, as many as a lane has pixels
        assert_true(fabs((double)p->running[i] - expected[i]) < 1e-4 * (1 + fabs(expected[i])));
    stp_exec_destroy(x);
    stp_pool_destroy(pool);
}

static void of_a_supernet(void **unused) {
    (void)unused;
    static const stp_shape shapes[] = {{33, 12}, {17, 12}};
    stp_supernet_options o = {
        .cells = 3, .channels = 8, .partial = 4, .classes = CLASSES, .align = STP_ALIGN_CONV, .fronts = 2};
    problem p;
    problem_make(&p, problem_supernet(&o, shapes), 2, GROUP * GROUPS * BATCHES, 0, 5);
    check(&p, 0);
    check(&p, 1);
    problem_free(&p);
}

static void of_ds_cnn(void **unused) {
    (void)unused;
    problem p;
    stp_graph *g;
    stp_err err;
    problem_must(stp_ds_cnn_build(&g, (stp_shape){25, 10}, CLASSES, &err), &err);
    problem_make(&p, g, 0, GROUP * GROUPS * BATCHES, 0, 5);
    check(&p, 0);
    check(&p, 1);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_supernet),
        cmocka_unit_test(of_ds_cnn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
