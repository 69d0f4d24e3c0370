// What a profile counts, against sums by hand and against what networks say of themselves; and that it
// changes nothing.
#include "problem.h"

#include "testing.h"

enum { CLIPS = 32 };

static double ticks;

// A second passes with every look at the clock.
static double clock_that_ticks(void) {
    return ticks++;
}

static stp_profile profile_of(problem *p) {
    stp_profile profile = {.clock = clock_that_ticks};
    ticks = 0;
    p->profile = &profile;
    problem_run(p, (problem_way){STP_ISA_PLAIN, 2, 16, 1});
    p->profile = NULL;
    return profile;
}

static void assert_row(const stp_profile *profile, stp_op_kind kind, stp_profile_phase phase, double flops,
                       double bytes) {
    assert_float_equal(profile->row[kind][phase].flops / CLIPS, flops, 0);
    assert_float_equal(profile->row[kind][phase].bytes / CLIPS, bytes * (double)sizeof(stp_real), 0);
}

// 1x4x4 -> conv 3x3 to 2 (batch norm) -> rectified -> depthwise 3x3, pointwise to 3 (batch norm) -> rectified
// -> mean -> fully connected to 5. The first rectifier is the depthwise kernel's.
static void make_chain(problem *p) {
    stp_graph *g;
    stp_err err;
    problem_must(stp_graph_create(&g, &err), &err);
    int t = stp_graph_conv(g, stp_graph_input(g, 1, 4, 4), 2, stp_window_same(3, 3, 1, 1, 1, 4, 4), 4, 4, 0,
                           0, -1);
    t = stp_graph_affine(g, stp_graph_bn(g, t, 1), 1, 1, 1);
    t = stp_graph_bn(g, stp_graph_dwpw(g, t, 3, 3, 1, 1, 1, 0), 1);
    t = stp_graph_affine(g, t, 1, 0, 0);
    problem_must(stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, t), 5), &err), &err);
    problem_make(p, g, 0, CLIPS, 0, 3);
}

static void a_chain_by_hand(void **state) {
    problem p;
    (void)state;
    make_chain(&p);
    stp_profile all = profile_of(&p);
    assert_row(&all, STP_OP_CONV, STP_PROFILE_FORWARD, 2 * 16 * 2 * 9, 16 + 32);
    assert_row(&all, STP_OP_DWPW, STP_PROFILE_FORWARD, 2 * 16 * 2 * (9 + 3), 32 + 48);
    assert_row(&all, STP_OP_AFFINE, STP_PROFILE_FORWARD, 3 * 48, 48 + 48);
    assert_row(&all, STP_OP_MEAN, STP_PROFILE_FORWARD, 48, 48);
    assert_row(&all, STP_OP_LINEAR, STP_PROFILE_FORWARD, 2 * 3 * 5, 3 + 5);
    // The input wants no gradient. Of the depthwise: its result again, both gradients; g, z, input, gradient.
    assert_row(&all, STP_OP_CONV, STP_PROFILE_BACKWARD, 2 * 16 * 2 * 9, 16 + 2 * 32);
    assert_row(&all, STP_OP_DWPW, STP_PROFILE_BACKWARD, 2 * 16 * 2 * (3 * 9 + 2 * 3), 32 + 2 * 48 + 32);
    assert_row(&all, STP_OP_AFFINE, STP_PROFILE_BACKWARD, 6 * 48, 3 * 48);
    assert_row(&all, STP_OP_LINEAR, STP_PROFILE_BACKWARD, 2 * 2 * 3 * 5, 3 + 5 + 3);
    assert_row(&all, STP_OP_CONV, STP_PROFILE_AGAIN, 0, 0);
    double seconds = 0; // 5 operations forward and backward, in two groups of clips
    for (int kind = 0; kind < STP_OP_KINDS; kind++)
        for (int phase = 0; phase < STP_PROFILE_PHASES; phase++)
            seconds += all.row[kind][phase].seconds;
    assert_float_equal(seconds, 5 * 2 * 2, 0);
    problem_free(&p);
}

static void without_gradients_of_weights(void **state) {
    problem p;
    (void)state;
    make_chain(&p);
    p.without_grads = 1;
    stp_profile all = profile_of(&p);
    assert_row(&all, STP_OP_CONV, STP_PROFILE_BACKWARD, 0, 0);
    assert_row(&all, STP_OP_DWPW, STP_PROFILE_BACKWARD, 2 * 16 * 2 * (9 + 3), 32 + 2 * 48 + 32);
    assert_row(&all, STP_OP_LINEAR, STP_PROFILE_BACKWARD, 2 * 3 * 5, 5 + 3);
    problem_free(&p);
}

// Two inputs of 3x4, mixed: sums for the coefficients, in an architecture step alone.
static void a_mix_by_hand(void **state) {
    problem p;
    stp_graph *g;
    stp_err err;
    (void)state;
    problem_must(stp_graph_create(&g, &err), &err);
    g->coefs = 2;
    int first = stp_graph_input(g, 1, 3, 4), second = stp_graph_input(g, 1, 3, 4);
    stp_mix_term terms[] = {{.tensor = first, .coef = 0}, {.tensor = second, .coef = 1}};
    int mixed = stp_graph_mix(g, terms, 2, -1);
    problem_must(stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, mixed), 5), &err), &err);
    problem_make(&p, g, 0, CLIPS, 0, 3);
    stp_profile all = profile_of(&p);
    assert_row(&all, STP_OP_MIX, STP_PROFILE_FORWARD, 2 * 2 * 12, 3 * 12);
    assert_row(&all, STP_OP_MIX, STP_PROFILE_BACKWARD, 12 + 2 * 2 * 12, 3 * 12);
    p.without_coefs = 1;
    all = profile_of(&p);
    assert_row(&all, STP_OP_MIX, STP_PROFILE_BACKWARD, 12, 12);
    problem_free(&p);
}

static double macs_seen(const stp_profile *p) {
    return (p->row[STP_OP_CONV][STP_PROFILE_FORWARD].flops + p->row[STP_OP_DWPW][STP_PROFILE_FORWARD].flops +
            p->row[STP_OP_LINEAR][STP_PROFILE_FORWARD].flops) /
           2 / CLIPS;
}

// Every term of every mix once, however a mix takes them.
static double mixed(const stp_graph *g) {
    double values = 0;
    for (int i = 0; i < g->ops; i++) {
        const stp_tensor *out = &g->tensor[g->op[i].out];
        if (g->op[i].kind == STP_OP_MIX)
            values += (double)g->op[i].terms * out->c * out->h * out->w;
    }
    return values;
}

static const stp_shape shapes[] = {{33, 12}, {17, 12}, {21, 20}};

static void make_supernet(problem *p, int recompute) {
    stp_supernet_options o = {.cells = 3,
                              .channels = 8,
                              .partial = 4,
                              .classes = 3,
                              .align = STP_ALIGN_CONV,
                              .fronts = 3,
                              .recompute = recompute};
    problem_make(p, problem_supernet(&o, shapes), 3, CLIPS, 0.1, 5);
}

static void a_supernet(void **state) {
    problem kept, again;
    (void)state;
    make_supernet(&kept, 0);
    make_supernet(&again, 1);
    stp_profile a = profile_of(&kept), b = profile_of(&again);
    assert_float_equal(macs_seen(&a), (double)stp_graph_macs(kept.g), 0);
    assert_float_equal(macs_seen(&b), (double)stp_graph_macs(kept.g), 0);
    assert_float_equal(a.row[STP_OP_MIX][STP_PROFILE_FORWARD].flops / CLIPS, 2 * mixed(kept.g), 0);
    // every depthwise result and pool is made again, and nothing of them otherwise
    for (int kind = STP_OP_DWPW; kind <= STP_OP_POOL; kind++) {
        assert_float_equal(a.row[kind][STP_PROFILE_AGAIN].flops, 0, 0);
        assert_float_equal(b.row[kind][STP_PROFILE_AGAIN].flops, b.row[kind][STP_PROFILE_FORWARD].flops, 0);
        assert_float_equal(a.row[kind][STP_PROFILE_BACKWARD].flops, b.row[kind][STP_PROFILE_BACKWARD].flops,
                           0);
    }
    // A term apart passes by the mix's own gradient once more.
    assert_true(b.row[STP_OP_MIX][STP_PROFILE_BACKWARD].bytes >
                a.row[STP_OP_MIX][STP_PROFILE_BACKWARD].bytes);
    problem_free(&kept);
    problem_free(&again);
}

static void nothing_changes(void **state) {
    problem p;
    (void)state;
    make_supernet(&p, 1);
    problem_run(&p, (problem_way){STP_ISA_PLAIN, 2, 16, 1});
    double loss = p.loss;
    stp_real *grads = problem_room((size_t)p.g->weights, sizeof *grads);
    memcpy(grads, p.grads, sizeof *grads * (size_t)p.g->weights);
    profile_of(&p);
    assert_memory_equal(&loss, &p.loss, sizeof loss);
    assert_memory_equal(grads, p.grads, sizeof *grads * (size_t)p.g->weights);
    stp_free(grads);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_by_hand), cmocka_unit_test(without_gradients_of_weights),
        cmocka_unit_test(a_mix_by_hand),   cmocka_unit_test(a_supernet),
        cmocka_unit_test(nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
