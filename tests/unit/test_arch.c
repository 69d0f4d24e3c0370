// Alpha, beta and gamma: softmaxes, coefficients and their gradients, and derivation on hand-made values.
#include "space/arch.h"
#include "space/blocks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_backward_against_differences(void **unused) {
    (void)unused;
    enum { FRONTS = 5 };
    stp_arch arch, d_arch;
    double coefs[STP_ARCH_COEFS], weight[STP_ARCH_COEFS];
    stp_arch_init(&arch, 11, FRONTS);
    for (int i = 0; i < STP_ARCH_SIZE; i++)
        arch.all[i] *= 500;
    for (int i = 0; i < STP_ARCH_COEFS; i++)
        weight[i] = sin(0.7 * i);
    stp_arch_backward(&arch, FRONTS, weight, &d_arch);
    for (int i = 0; i < STP_ARCH_ALPHAS + STP_ARCH_BETAS + FRONTS; i += 3) {
        double value[2], kept = arch.all[i];
        for (int side = 0; side < 2; side++) {
            arch.all[i] = kept + (side ? 1e-5 : -1e-5);
            stp_arch_coefs(&arch, FRONTS, coefs);
            value[side] = 0;
            for (int k = 0; k < STP_ARCH_COEFS; k++)
                value[side] += weight[k] * coefs[k];
        }
        arch.all[i] = kept;
        assert_true(fabs((value[1] - value[0]) / 2e-5 - d_arch.all[i]) < 1e-8); // 1e-16 / 1e-5, with room
    }
}

// Mean over the edges of both cells of log sum exp(alpha).
static double decay_of(const stp_arch *arch) {
    double total = 0;
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int e = 0; e < STP_CELL_EDGES; e++) {
            double sum = 0;
            for (int op = 0; op < STP_CELL_OPS; op++)
                sum += exp(arch->alpha[kind][e][op]);
            total += log(sum);
        }
    return total / (STP_CELL_KINDS * STP_CELL_EDGES);
}

static void test_decay_against_differences(void **unused) {
    (void)unused;
    const double strength = 3;
    stp_arch arch, d_arch, before;
    stp_arch_init(&arch, 12, 4);
    for (int i = 0; i < STP_ARCH_SIZE; i++) {
        arch.all[i] *= 500;
        d_arch.all[i] = before.all[i] = cos(0.3 * i); // what is there already is added to
    }
    stp_arch_add_decay(&arch, strength, &d_arch);
    for (int i = 0; i < STP_ARCH_SIZE; i++) {
        double kept = arch.all[i];
        arch.all[i] = kept + 1e-5;
        double above = decay_of(&arch);
        arch.all[i] = kept - 1e-5;
        double slope = strength * (above - decay_of(&arch)) / 2e-5;
        arch.all[i] = kept;
        assert_true(fabs(slope - (d_arch.all[i] - before.all[i])) < 1e-8); // 1e-16 / 1e-5, with room
        assert_true(i < STP_ARCH_ALPHAS || d_arch.all[i] == before.all[i]);
    }
}

static void test_coefficients_sum(void **unused) {
    (void)unused;
    stp_arch arch;
    double coefs[STP_ARCH_COEFS];
    stp_arch_init(&arch, 2, 8);
    stp_arch_coefs(&arch, 8, coefs);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int node = 0; node < STP_CELL_NODES; node++) {
            double operations = 0, bypass = 0;
            for (int e = stp_cell_first_edge(node); e < stp_cell_first_edge(node) + 2 + node; e++) {
                bypass += coefs[stp_arch_coef_bypass(kind, e)];
                for (int op = 0; op < STP_CELL_OPS; op++)
                    operations += coefs[stp_arch_coef_op(kind, e, op)];
            }
            assert_true(fabs(operations - 1) < 1e-12);
            assert_true(fabs(bypass - 1) < 1e-12);
        }
    assert_int_equal(stp_cell_first_edge(STP_CELL_NODES), STP_CELL_EDGES);
}

// Node 3 (edges 5 .. 8, from states 0 .. 3) of the normal cell by hand; all else equal.
static stp_genotype_edge *derive_third(stp_arch *arch, stp_genotype *genotype, int max_skips, int *capped) {
    stp_arch_derive(arch, max_skips, "640/320/40", "mfcc", genotype, capped);
    return &genotype->edge[STP_CELL_NORMAL][2 * 2];
}

static void test_strong_edges_are_kept(void **unused) {
    (void)unused;
    stp_arch arch = {0};
    stp_genotype genotype;
    arch.beta[STP_CELL_NORMAL][5 + 3] = 2; // beta speaks for state 3
    arch.alpha[STP_CELL_NORMAL][5 + 3][STP_CELL_DIL_CONV_5X5] = 1;
    arch.alpha[STP_CELL_NORMAL][5 + 1][STP_CELL_SEP_CONV_3X3] = 4; // alpha for state 1
    arch.alpha[STP_CELL_NORMAL][5 + 0][STP_CELL_NONE] = 9;         // a strong none is a weak edge
    stp_genotype_edge *edge = derive_third(&arch, &genotype, 8, NULL);
    assert_int_equal(edge[0].from, 1);
    assert_int_equal(edge[0].op, STP_CELL_SEP_CONV_3X3);
    assert_int_equal(edge[1].from, 3);
    assert_int_equal(edge[1].op, STP_CELL_DIL_CONV_5X5);
    assert_string_equal(genotype.front, "640/320/40");
}

static void test_none_never_wins(void **unused) {
    (void)unused;
    stp_arch arch = {0};
    stp_genotype genotype;
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int e = 0; e < STP_CELL_EDGES; e++) {
            arch.alpha[kind][e][STP_CELL_NONE] = 5;
            arch.alpha[kind][e][STP_CELL_AVG_POOL_3X3] = 1;
        }
    stp_arch_derive(&arch, 8, "640/320/40", "mfcc", &genotype, NULL);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            assert_int_equal(genotype.edge[kind][k].op, STP_CELL_AVG_POOL_3X3);
}

static void test_skips_are_capped(void **unused) {
    (void)unused;
    stp_arch arch = {0};
    stp_genotype genotype;
    int capped;
    for (int e = 0; e < STP_CELL_EDGES; e++) {
        arch.alpha[STP_CELL_NORMAL][e][STP_CELL_SKIP_CONNECT] = 3 + 0.01 * e;
        arch.alpha[STP_CELL_NORMAL][e][STP_CELL_SEP_CONV_5X5] = 2;
    }
    stp_arch_derive(&arch, 2, "640/320/40", "mfcc", &genotype, &capped);
    int skips = 0, convs = 0;
    for (int k = 0; k < STP_CELL_KEPT_EDGES; k++) {
        skips += genotype.edge[STP_CELL_NORMAL][k].op == STP_CELL_SKIP_CONNECT;
        convs += genotype.edge[STP_CELL_NORMAL][k].op == STP_CELL_SEP_CONV_5X5;
    }
    assert_int_equal(skips, 2);
    assert_int_equal(convs, STP_CELL_KEPT_EDGES - 2);
    assert_int_equal(capped, STP_CELL_KEPT_EDGES - 2);
    // The strongest stay: those of the last node.
    assert_int_equal(genotype.edge[STP_CELL_NORMAL][7].op, STP_CELL_SKIP_CONNECT);
    stp_arch_derive(&arch, 8, "640/320/40", "mfcc", &genotype, &capped);
    assert_int_equal(capped, 0);
}

static void test_entropy_and_leaders(void **unused) {
    (void)unused;
    stp_arch arch = {0};
    int first, second;
    assert_true(fabs(stp_arch_alpha_entropy(&arch, STP_CELL_NORMAL) - 1) < 1e-12);
    assert_true(fabs(stp_arch_beta_entropy(&arch, STP_CELL_REDUCTION) - 1) < 1e-12);
    for (int e = 0; e < STP_CELL_EDGES; e++)
        arch.alpha[STP_CELL_NORMAL][e][3] = 50;
    assert_true(stp_arch_alpha_entropy(&arch, STP_CELL_NORMAL) < 1e-6);
    arch.gamma[4] = 2;
    arch.gamma[1] = 1;
    stp_arch_leaders(&arch, 6, &first, &second);
    assert_int_equal(first, 4);
    assert_int_equal(second, 1);
    stp_arch_leaders(&arch, 1, &first, &second);
    assert_int_equal(first, 0);
    assert_int_equal(second, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backward_against_differences),
        cmocka_unit_test(test_decay_against_differences),
        cmocka_unit_test(test_coefficients_sum),
        cmocka_unit_test(test_strong_edges_are_kept),
        cmocka_unit_test(test_none_never_wins),
        cmocka_unit_test(test_skips_are_capped),
        cmocka_unit_test(test_entropy_and_leaders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
