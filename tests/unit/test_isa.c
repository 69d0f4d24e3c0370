// The instruction sets compute the same step, up to the order of their sums (the lanes differ: 4, 8, 16) and
// fused multiplications. Every set against AVX-512 or what this processor has at best.
#include "problem.h"

#include "testing.h"

#include <math.h>

enum { SAMPLES = 16, CLASSES = 3, SEEDS = 3, MAX_PARAMS = 1024 };

// A float holds 6e-8, and sums of thousands of terms, a dozen layers deep, multiply that: 1e-7 to 1e-5 is
// what runs differ by. The largest entry of a tensor is the scale; for a tensor that is tiny beside the whole
// gradient (a difference of large sums) it is a thousandth of the whole's largest entry. A value within
// rounding of a relu's or a maximum's kink may fall either way, and gradients before it then differ by more:
// a tensor's gradient must agree for one of the seeds, everything else for all.
static const double TOLERANCE = 1e-4, FLOOR = 1e-3;

static double largest(const stp_real *values, int count) {
    double most = 0;
    for (int i = 0; i < count; i++)
        most = fabs((double)values[i]) > most ? fabs((double)values[i]) : most;
    return most;
}

static double largest_difference(const stp_real *a, const stp_real *b, int count) {
    double most = 0;
    for (int i = 0; i < count; i++)
        most = !(fabs((double)a[i] - (double)b[i]) <= most) ? fabs((double)a[i] - (double)b[i]) : most;
    return most;
}

static void assert_near(const char *isa, const char *what, double difference, double scale) {
    if (!(difference <= TOLERANCE * scale))
        fail_msg("%s: %s differs by %g of %g", isa, what, difference, scale);
}

static void assert_same_values(const problem *a, const problem *b, const char *isa) {
    int logits = a->samples * a->classes;
    assert_near(isa, "loss", fabs(a->loss - b->loss), b->loss);
    assert_near(isa, "logits", largest_difference(a->logits, b->logits, logits), largest(b->logits, logits));
    assert_near(isa, "running statistics", largest_difference(a->running, b->running, b->g->states),
                largest(b->running, b->g->states));
}

// The smallest difference so far of each parameter's gradient; the last is the architecture's.
static void compare_gradients(const problem *a, const problem *b, double *least) {
    double floor = FLOOR * largest(b->grads, b->g->weights), arch = 0, difference = 0;
    for (int i = 0; i < b->g->params; i++) {
        const stp_param *p = &b->g->param[i];
        double scale = fmax(largest(b->grads + p->offset, p->count), floor);
        least[i] =
            fmin(least[i], largest_difference(a->grads + p->offset, b->grads + p->offset, p->count) / scale);
    }
    for (int i = 0; i < STP_ARCH_SIZE; i++) {
        arch = fmax(arch, fabs(b->d_arch.all[i]));
        difference = fmax(difference, fabs(a->d_arch.all[i] - b->d_arch.all[i]));
    }
    if (b->fronts > 0)
        least[b->g->params] = fmin(least[b->g->params], difference / arch);
}

typedef void (*make_problem)(problem *p, uint64_t seed);

static void check(make_problem make, stp_isa isa) {
    double least[MAX_PARAMS + 1];
    for (int i = 0; i <= MAX_PARAMS; i++)
        least[i] = INFINITY;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        problem best, other;
        make(&best, seed);
        make(&other, seed);
        assert_true(best.g->params <= MAX_PARAMS);
        problem_run(&best, (problem_way){stp_isa_best(), 2, SAMPLES, 1});
        problem_run(&other, (problem_way){isa, 2, SAMPLES, 1});
        assert_same_values(&other, &best, stp_isa_name(isa));
        compare_gradients(&other, &best, least);
        for (int i = 0; seed == SEEDS && i < best.g->params; i++)
            assert_near(stp_isa_name(isa), best.g->param[i].name, least[i], 1);
        if (seed == SEEDS && best.fronts > 0)
            assert_near(stp_isa_name(isa), "gradient of the architecture", least[best.g->params], 1);
        problem_free(&best);
        problem_free(&other);
    }
}

static void make_supernet(problem *p, uint64_t seed) {
    static const stp_shape shapes[] = {{33, 12}, {17, 12}, {21, 20}};
    stp_supernet_options o = {
        .cells = 3, .channels = 8, .partial = 4, .classes = CLASSES, .align = STP_ALIGN_CONV, .fronts = 3};
    problem_make(p, problem_supernet(&o, shapes), 3, SAMPLES, 0.1, seed);
}

static void make_network(problem *p, uint64_t seed) {
    stp_genotype genotype = problem_genotype();
    stp_network_options o = {.cells = 3, .channels = 8, .classes = CLASSES, .input = {17, 12}};
    stp_graph *g;
    stp_err err;
    problem_must(stp_network_build(&g, &genotype, &o, &err), &err);
    problem_make(p, g, 0, SAMPLES, 0, seed);
}

static void make_ds_cnn(problem *p, uint64_t seed) {
    stp_graph *g;
    stp_err err;
    problem_must(stp_ds_cnn_build(&g, (stp_shape){49, 10}, CLASSES, &err), &err);
    problem_make(p, g, 0, SAMPLES, 0, seed);
}

static void check_all_sets(make_problem make) {
    for (int isa = 0; isa < (int)stp_isa_best(); isa++)
        if (stp_isa_runs((stp_isa)isa))
            check(make, (stp_isa)isa);
}

static void test_supernet(void **state) {
    (void)state;
    check_all_sets(make_supernet);
}

static void test_network(void **state) {
    (void)state;
    check_all_sets(make_network);
}

static void test_ds_cnn(void **state) {
    (void)state;
    check_all_sets(make_ds_cnn);
}

int main(void) {
    if (stp_isa_best() == STP_ISA_PLAIN) {
        printf("this processor has one instruction set: nothing to compare\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_supernet), cmocka_unit_test(test_network),
                                       cmocka_unit_test(test_ds_cnn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
