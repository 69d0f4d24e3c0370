// A step's result has the same bits on any number of threads and for any number of batch-norm groups held in
// memory: byte by byte, the loss, logits, gradients, coefficients' gradients and running statistics.
#include "problem.h"

#include "testing.h"

enum { GROUP = 32, GROUPS = 4, CLASSES = 3 };

static const stp_shape shapes[] = {{33, 12}, {17, 12}, {21, 20}};

static void make_supernet(problem *p, int recompute) {
    stp_supernet_options o = {.cells = 3,
                              .channels = 8,
                              .partial = 4,
                              .classes = CLASSES,
                              .align = STP_ALIGN_CONV,
                              .fronts = 3,
                              .recompute = recompute};
    problem_make(p, problem_supernet(&o, shapes), 3, GROUP * GROUPS, 0.1, 5);
}

static void make_network(problem *p) {
    stp_genotype genotype = problem_genotype();
    stp_network_options o = {
        .cells = 3, .channels = 8, .classes = CLASSES, .input = {17, 12}, .drop_path = 1};
    stp_graph *g;
    stp_err err;
    problem_must(stp_network_build(&g, &genotype, &o, &err), &err);
    problem_make(p, g, 0, GROUP * GROUPS, 0, 5);
    p->drop_rate = 0.3;
}

typedef struct copy {
    double loss, d_coefs[STP_ARCH_COEFS];
    stp_real *grads, *running, *logits;
} copy;

static stp_real *copied(const stp_real *values, size_t count) {
    stp_real *to = problem_room(count, sizeof *to);
    memcpy(to, values, count * sizeof *to);
    return to;
}

static copy copy_of(const problem *p) {
    copy c = {.loss = p->loss,
              .grads = copied(p->grads, (size_t)p->g->weights),
              .running = copied(p->running, (size_t)p->g->states),
              .logits = copied(p->logits, (size_t)p->samples * p->classes)};
    memcpy(c.d_coefs, p->d_coefs, sizeof c.d_coefs);
    return c;
}

static void assert_same_bits(const problem *p, const copy *c) {
    assert_memory_equal(&p->loss, &c->loss, sizeof c->loss);
    assert_memory_equal(p->logits, c->logits, sizeof(stp_real) * (size_t)p->samples * p->classes);
    assert_memory_equal(p->running, c->running, sizeof(stp_real) * (size_t)p->g->states);
    assert_memory_equal(p->d_coefs, c->d_coefs, sizeof c->d_coefs);
    assert_memory_equal(p->grads, c->grads, sizeof(stp_real) * (size_t)p->g->weights);
}

static void free_copy(copy *c) {
    stp_free(c->grads);
    stp_free(c->running);
    stp_free(c->logits);
}

// A gradient of nothing but zeros would be the same bits as well.
static void assert_says_something(const problem *p) {
    int zeros = 0;
    for (int i = 0; i < p->g->weights; i++)
        zeros += p->grads[i] == 0;
    assert_true(zeros < p->g->weights / 10);
}

static void check(problem *p) {
    static const int threads[] = {2, 3, 8}, held[] = {1, 2, 3};
    problem_way way = {stp_isa_current(), 1, GROUP, GROUPS};
    problem_run(p, way);
    assert_says_something(p);
    copy first = copy_of(p);
    for (int i = 0; i < 3; i++) {
        way.threads = threads[i];
        problem_run(p, way);
        assert_same_bits(p, &first);
    }
    for (int i = 0; i < 3; i++) { // 3: the last run is not full
        way.groups_held = held[i];
        way.threads = 1 + i;
        problem_run(p, way);
        assert_same_bits(p, &first);
    }
    free_copy(&first);
    problem_free(p);
}

static void test_supernet(void **state) {
    (void)state;
    problem p;
    make_supernet(&p, 1);
    check(&p);
}

static void test_network_with_drop_path(void **state) {
    (void)state;
    problem p;
    make_network(&p);
    check(&p);
}

// What the memory held before must not matter: a second run in the same executor gives the same bits.
static void test_runs_leave_nothing_behind(void **state) {
    (void)state;
    problem p;
    make_supernet(&p, 1);
    problem_way way = {stp_isa_current(), 2, GROUP, 1};
    problem_run(&p, way);
    copy first = copy_of(&p);
    p.rounds = 2;
    problem_run(&p, way);
    assert_same_bits(&p, &first);
    free_copy(&first);
    problem_free(&p);
}

// What is computed again instead of being kept has the bits that it had.
static void test_recompute(void **state) {
    (void)state;
    problem kept, again;
    problem_way way = {stp_isa_current(), 2, GROUP, GROUPS};
    make_supernet(&kept, 0);
    make_supernet(&again, 1);
    problem_run(&kept, way);
    problem_run(&again, way);
    copy first = copy_of(&kept);
    assert_same_bits(&again, &first);
    free_copy(&first);
    problem_free(&kept);
    problem_free(&again);
}

static stp_exec *executor(const problem *p, stp_pool *pool, int groups, int training,
                          const stp_exec *lender) {
    stp_exec *x;
    stp_err err;
    stp_exec_options options = {.isa = stp_isa_current(),
                                .group_samples = GROUP,
                                .groups = groups,
                                .training = training,
                                .lender = lender};
    problem_must(stp_exec_create(&x, p->g, pool, &options, &err), &err);
    return x;
}

// The logits of the first group with the running statistics.
static void infer(problem *p, stp_exec *x) {
    double coefs[STP_ARCH_COEFS];
    stp_arch_coefs(&p->arch, p->fronts, coefs);
    stp_exec_state state = {.weights = p->weights, .running = p->running, .coefs = coefs};
    const int lanes = stp_exec_lanes(x), blocks = stp_exec_blocks_per_group(x);
    for (int b = 0; b < blocks; b++)
        problem_load(p, x, b * lanes, b);
    stp_exec_forward(x, &state, 1);
    for (int b = 0; b < blocks; b++)
        memcpy(p->logits + (size_t)b * lanes * p->classes, stp_exec_logits(x, b),
               sizeof(stp_real) * (size_t)(lanes * p->classes));
}

// Inference in the memory of a training, in turns with it: the bits of both are as if each had its own.
static void test_lent_memory(void **state) {
    (void)state;
    problem p;
    stp_pool *pool;
    stp_err err;
    make_supernet(&p, 1);
    problem_way way = {stp_isa_current(), 2, GROUP, 2};
    problem_must(stp_pool_create(&pool, way.threads, &err), &err);
    stp_exec *trainer = executor(&p, pool, 2, 1, NULL), *own = executor(&p, pool, 1, 0, NULL);
    stp_exec *borrower = executor(&p, pool, 1, 0, trainer);
    assert_true(stp_exec_bytes(borrower) < stp_exec_bytes(own));
    problem_step(&p, trainer, way);
    copy trained = copy_of(&p);
    infer(&p, own);
    copy inferred = copy_of(&p);
    for (int round = 0; round < 2; round++) {
        memset(p.logits, 0, sizeof(stp_real) * (size_t)GROUP * CLASSES);
        infer(&p, borrower);
        assert_same_bits(&p, &inferred);
        problem_step(&p, trainer, way);
        assert_same_bits(&p, &trained);
    }
    free_copy(&trained);
    free_copy(&inferred);
    stp_exec_destroy(borrower);
    stp_exec_destroy(own);
    stp_exec_destroy(trainer);
    stp_pool_destroy(pool);
    problem_free(&p);
}

// Who lends too little, in blocks or in tensors, lends nothing.
static void test_too_little_to_lend(void **state) {
    (void)state;
    problem p;
    stp_pool *pool;
    stp_err err;
    make_supernet(&p, 1);
    problem_must(stp_pool_create(&pool, 1, &err), &err);
    stp_exec *one = executor(&p, pool, 1, 0, NULL), *two = executor(&p, pool, 2, 0, NULL);
    stp_exec *of_fewer = executor(&p, pool, 2, 0, one), *of_enough = executor(&p, pool, 1, 0, two);
    stp_exec *trainer = executor(&p, pool, 1, 1, NULL), *of_smaller = executor(&p, pool, 1, 1, one);
    assert_true(stp_exec_bytes(of_fewer) == stp_exec_bytes(two));
    assert_true(stp_exec_bytes(of_smaller) == stp_exec_bytes(trainer));
    assert_true(stp_exec_bytes(of_enough) < stp_exec_bytes(one));
    stp_exec *all[] = {of_smaller, trainer, of_enough, of_fewer, two, one};
    for (int i = 0; i < 6; i++)
        stp_exec_destroy(all[i]);
    stp_pool_destroy(pool);
    problem_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supernet),
        cmocka_unit_test(test_network_with_drop_path),
        cmocka_unit_test(test_runs_leave_nothing_behind),
        cmocka_unit_test(test_recompute),
        cmocka_unit_test(test_lent_memory),
        cmocka_unit_test(test_too_little_to_lend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
