// The instruction sets compute the same step, up to the order of their sums (the lanes differ: 4, 8, 16) and
// fused multiplications. Every set against AVX-512 or what this processor has at best.
#include "problem.h"

#include "testing.h"

#include <math.h>

enum { SAMPLES = 32, CLASSES = 3 };

// A float holds 6e-8, and sums of thousands of terms, a dozen layers deep, multiply that: 1e-7 to 1e-5 is
// what runs differ by. The largest entry of a tensor is the scale; for a tensor that is tiny beside the whole
// gradient (a difference of large sums) it is a thousandth of the whole's largest entry.
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

static void assert_same_step(const problem *a, const problem *b, const char *isa) {
    assert_near(isa, "loss", fabs(a->loss - b->loss), b->loss);
    int logits = a->samples * a->classes;
    assert_near(isa, "logits", largest_difference(a->logits, b->logits, logits), largest(b->logits, logits));
    double floor = FLOOR * largest(b->grads, b->g->weights);
    for (int i = 0; i < b->g->params; i++) {
        const stp_param *param = &b->g->param[i];
        double scale = largest(b->grads + param->offset, param->count);
        assert_near(isa, param->name,
                    largest_difference(a->grads + param->offset, b->grads + param->offset, param->count),
                    scale > floor ? scale : floor);
    }
    double arch = 0, difference = 0;
    for (int i = 0; i < STP_ARCH_SIZE; i++) {
        arch = fmax(arch, fabs(b->d_arch.all[i]));
        difference = fmax(difference, fabs(a->d_arch.all[i] - b->d_arch.all[i]));
    }
    if (b->fronts > 0)
        assert_near(isa, "alpha, beta, gamma", difference, arch);
    assert_near(isa, "running statistics", largest_difference(a->running, b->running, b->g->states),
                largest(b->running, b->g->states));
}

static void check(problem *best, problem *other) {
    problem_run(best, (problem_way){stp_isa_best(), 2, SAMPLES, 1});
    for (int isa = STP_ISA_PLAIN; isa < (int)stp_isa_best(); isa++) {
        problem_run(other, (problem_way){(stp_isa)isa, 2, SAMPLES, 1});
        assert_same_step(other, best, stp_isa_name((stp_isa)isa));
    }
    problem_free(best);
    problem_free(other);
}

static void make_supernet(problem *p) {
    static const stp_shape shapes[] = {{33, 12}, {17, 12}, {21, 20}};
    stp_supernet_options o = {
        .cells = 3, .channels = 16, .partial = 4, .classes = CLASSES, .align = STP_ALIGN_CONV, .fronts = 3};
    problem_make(p, problem_supernet(&o, shapes), 3, SAMPLES, 0.1, 9);
}

static void make_ds_cnn(problem *p) {
    stp_graph *g;
    stp_err err;
    problem_must(stp_ds_cnn_build(&g, (stp_shape){49, 10}, CLASSES, &err), &err);
    problem_make(p, g, 0, SAMPLES, 0, 9);
}

static void test_supernet(void **state) {
    (void)state;
    problem best, other;
    make_supernet(&best);
    make_supernet(&other);
    check(&best, &other);
}

static void test_ds_cnn(void **state) {
    (void)state;
    problem best, other;
    make_ds_cnn(&best);
    make_ds_cnn(&other);
    check(&best, &other);
}

int main(void) {
    if (stp_isa_best() == STP_ISA_PLAIN) {
        printf("this processor has one instruction set: nothing to compare\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_supernet), cmocka_unit_test(test_ds_cnn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
