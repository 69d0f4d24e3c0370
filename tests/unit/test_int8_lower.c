// Lowering: which int8 operations a network becomes, which scales they share, where rectifiers go, and that
// the folded network computes what the network did.
#include "int8_problem.h"

static const stp_int8_op *op_named(const stp_int8_net *net, const char *name) {
    for (int i = 0; i < net->ops; i++)
        if (strcmp(net->op[i].name, name) == 0)
            return &net->op[i];
    fail_msg("no operation called '%s'", name);
    return NULL;
}

static int scale_id(const stp_int8_net *net, int tensor) {
    return stp_int8_storage_of(net, tensor)->scale;
}

static stp_graph *begin(void) {
    stp_graph *g;
    stp_err err;
    problem_must(stp_graph_create(&g, &err), &err);
    return g;
}

static stp_graph *end(stp_graph *g, int last) {
    stp_err err;
    stp_graph_scope(g, "end.");
    problem_must(stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, last), 3), &err), &err);
    return g;
}

static int pointwise(stp_graph *g, int in, int channels, int relu, const char *scope) {
    const stp_tensor *t = &g->tensor[in];
    int h = t->h, w = t->w;
    stp_graph_scope(g, "%s.", scope);
    return stp_graph_conv(g, in, channels, stp_window_same(1, 1, 1, 1, 1, h, w), h, w, relu, 1, -1);
}

// --- structure ---------------------------------------------------------------------------------------------

static void ds_cnn_by_hand(void **state) {
    (void)state;
    int8_problem q;
    int8_problem_make(&q, int8_ds_cnn((stp_shape){49, 10}), 1);
    const stp_int8_net *net = q.net;
    assert_int_equal(net->ops, 1 + 4 * 2 + 1 + 1);
    assert_int_equal(net->op[0].kind, STAPES_CONV);
    assert_int_equal(net->op[0].window.k_h, 10);
    assert_int_equal(net->op[0].window.stride_w, 2);
    for (int i = 0; i < 9; i++) {
        if (i > 0)
            assert_int_equal(net->op[i].kind, i % 2 ? STAPES_DEPTHWISE : STAPES_POINTWISE);
        assert_int_equal(net->op[i].relu_out, 1); // every reader wants it rectified
        assert_int_equal(net->op[i].relu_in, 0);
        assert_int_equal(stp_int8_scale_of(net, net->op[i].out)->positive, 1);
    }
    assert_int_equal(net->op[9].kind, STAPES_AVERAGE_POOL);
    assert_int_equal(net->op[9].window.k_h, 25);
    assert_int_equal(net->op[9].window.k_w, 5);
    assert_int_equal(net->op[10].kind, STAPES_FULLY_CONNECTED);
    assert_int_equal(net->storages, 12);
    assert_int_equal(net->scales, 11); // the mean has the last block's
    assert_int_equal(net->tensor[net->output].c, 7);
    assert_int_equal(stp_int8_scale_of(net, net->output)->positive, 0);
    assert_int_equal(stp_int8_scale_of(net, net->input)->positive, 0);
    long long weights = 0;
    for (int i = 0; i < q.p.g->params; i++)
        weights += q.p.g->param[i].kind == STP_PARAM_WEIGHT ? q.p.g->param[i].count : 0;
    assert_int_equal(net->weights, weights);
    int8_problem_free(&q);
}

static void a_rectifier_goes_where_all_agree(void **state) {
    (void)state;
    stp_graph *g = begin();
    int in = stp_graph_input(g, 1, 4, 4);
    int a = pointwise(g, in, 4, 0, "a"); // read rectified by both
    int b = pointwise(g, a, 4, 1, "b");  // read rectified by one, as it is by the sum
    int c = pointwise(g, stp_graph_affine(g, a, 1, 0, 1), 4, 0, "c");
    int d = pointwise(g, b, 4, 1, "d");
    stp_mix_term terms[2] = {{b, -1, 0}, {c, -1, 0}};
    stp_mix_term more[2] = {{stp_graph_mix(g, terms, 2, -1), -1, 0}, {d, -1, 0}};
    int8_problem q;
    int8_problem_make(&q, end(g, stp_graph_mix(g, more, 2, -1)), 2);
    assert_int_equal(op_named(q.net, "a.conv")->relu_out, 1);
    assert_int_equal(op_named(q.net, "b.conv")->relu_in, 0); // it reads what is rectified already
    assert_int_equal(op_named(q.net, "c.conv")->relu_in, 0);
    assert_int_equal(op_named(q.net, "b.conv")->relu_out, 0);
    assert_int_equal(op_named(q.net, "d.conv")->relu_in, 1);
    assert_int_equal(op_named(q.net, "add")->relu_out, 0);
    assert_int_equal(q.net->ops, 4 + 2 + 2);
    int8_problem_free(&q);
}

// A mean cannot rectify what it reads: a maximum of one value does.
static void those_who_cannot_rectify_get_a_copy(void **state) {
    (void)state;
    stp_graph *g = begin();
    int a = pointwise(g, stp_graph_input(g, 1, 4, 4), 4, 0, "a");
    int b = pointwise(g, a, 4, 0, "b");
    stp_mix_term terms[2] = {{stp_graph_affine(g, a, 1, 0, 1), -1, 0}, {b, -1, 0}};
    int8_problem q;
    int8_problem_make(&q, end(g, stp_graph_mix(g, terms, 2, -1)), 3);
    const stp_int8_op *copy = op_named(q.net, "max_pool"), *add = op_named(q.net, "add");
    assert_int_equal(copy->relu_out, 1);
    assert_int_equal(add->in, copy->out);
    assert_int_equal(copy->in, op_named(q.net, "a.conv")->out);
    assert_int_equal(scale_id(q.net, copy->in), scale_id(q.net, copy->out));
    int8_problem_free(&q);
}

static void concatenations_and_pools_share_scales(void **state) {
    (void)state;
    stp_graph *g = begin();
    int in = stp_graph_input(g, 1, 5, 6), all = stp_graph_tensor(g, 8, 5, 6);
    int a = pointwise(g, in, 4, 0, "a"), b = pointwise(g, in, 4, 0, "b");
    stp_mix_term first[2] = {{a, -1, 0}, {b, -1, 0}};
    int left = stp_graph_view(g, all, 0, 1, 4), right = stp_graph_view(g, all, 4, 1, 4);
    stp_graph_mix(g, first, 2, left);
    int pool = stp_graph_pool(g, STP_POOL_AVG, left, 3, 1);
    stp_mix_term second[2] = {{pool, -1, 0}, {b, -1, 0}};
    stp_graph_mix(g, second, 2, right);
    int8_problem q;
    int8_problem_make(&q, end(g, stp_graph_pool(g, STP_POOL_MAX, all, 3, 2)), 4);
    const stp_int8_net *net = q.net;
    const stp_int8_op *one = op_named(net, "add"), *two = op_named(net, "add_2");
    assert_int_equal(net->tensor[one->out].storage, net->tensor[two->out].storage);
    assert_int_equal(net->tensor[one->out].c_first, 0);
    assert_int_equal(net->tensor[two->out].c_first, 4);
    int shared = scale_id(net, one->out);
    assert_int_equal(scale_id(net, two->out), shared);
    assert_int_equal(scale_id(net, op_named(net, "average_pool")->in), shared);
    assert_int_equal(scale_id(net, op_named(net, "average_pool")->out), shared);
    assert_int_equal(scale_id(net, op_named(net, "max_pool")->in), shared);
    assert_int_equal(scale_id(net, op_named(net, "max_pool")->out), shared);
    assert_int_equal(scale_id(net, op_named(net, "average_pool_2")->out), shared); // the mean
    assert_int_not_equal(scale_id(net, op_named(net, "a.conv")->out), shared);
    assert_int_equal(net->scales, 5); // input, a, b, the shared one, logits
    int8_problem_free(&q);
}

static void expect_consistent(const stp_int8_net *net) {
    for (int i = 0; i < net->ops; i++) {
        const stp_int8_op *op = &net->op[i];
        for (int k = 0; k < i; k++)
            assert_string_not_equal(op->name, net->op[k].name);
        const stp_int8_storage *in = stp_int8_storage_of(net, op->in);
        const stp_int8_storage *out = stp_int8_storage_of(net, op->out);
        assert_in_range(net->tensor[op->out].c_first + net->tensor[op->out].c, 1, out->c);
        if (op->kind == STAPES_MAX_POOL || op->kind == STAPES_AVERAGE_POOL)
            assert_int_equal(in->scale, out->scale);
        if (op->kind == STAPES_ADD)
            assert_int_equal(op->channels, 3);
        else if (stp_int8_is_weighted(op->kind))
            assert_int_equal(op->channels, net->tensor[op->out].c);
        if (!stp_int8_is_weighted(op->kind))
            assert_int_equal(op->relu_in, 0);
    }
}

static void a_found_network(void **state) {
    (void)state;
    for (int drop_path = 0; drop_path <= 1; drop_path++) {
        int8_problem q;
        int8_problem_make(&q, int8_found(5, 4, (stp_shape){13, 10}, drop_path), 5);
        int adds = 0, depthwise = 0, strided = 0, identical = 0, dilated = 0;
        for (int i = 0; i < q.net->ops; i++) {
            const stp_int8_op *op = &q.net->op[i];
            adds += op->kind == STAPES_ADD;
            depthwise += op->kind == STAPES_DEPTHWISE;
            dilated += op->kind == STAPES_DEPTHWISE && op->window.dilation == 2;
            strided += op->kind == STAPES_CONV && op->window.pad_top == -1; // odd half of a reduction
            identical += op->kind == STAPES_MAX_POOL && op->window.k_h == 1;
        }
        assert_int_equal(adds, 5 * 4);
        assert_true(depthwise > 20 && dilated > 4 && strided >= 2);
        assert_int_equal(identical, 0); // nobody needs a rectified copy
        expect_consistent(q.net);
        int8_problem_free(&q);
    }
}

// --- the folded network is the network ------------------------------------------------------------

static double largest_error(const stp_real *a, const stp_real *b, size_t n) {
    double most = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        size = fmax(size, fabs((double)a[i]));
    }
    return most / size;
}

static void expect_equal_logits(stp_graph *g, uint64_t seed) {
    int8_problem q;
    stp_twin *twin;
    stp_err err;
    int8_problem_make(&q, g, seed);
    expect_consistent(q.net);
    problem_must(stp_twin_create(&twin, q.net, &err), &err);
    size_t n = (size_t)INT8_SAMPLES * q.p.classes;
    stp_real *a = problem_room(n, sizeof *a), *b = problem_room(n, sizeof *b);
    stp_exec_state of_graph = {.weights = q.p.weights, .running = q.p.running};
    stp_exec_state of_twin = {.weights = twin->weights, .rounding = twin->rounding};
    int8_problem_logits(&q.p, g, &of_graph, a);
    int8_problem_logits(&q.p, twin->graph, &of_twin, b);
    double error = largest_error(a, b, n);
    if (!(error <= 1e-4)) // floats through some dozen layers, summed in another order
        fail_msg("folded logits differ by %g of the largest", error);
    stp_free(a);
    stp_free(b);
    stp_twin_destroy(twin);
    int8_problem_free(&q);
}

static void folding_changes_nothing(void **state) {
    (void)state;
    expect_equal_logits(int8_ds_cnn((stp_shape){49, 10}), 6);
    expect_equal_logits(int8_ds_cnn((stp_shape){12, 7}), 7);
    expect_equal_logits(int8_found(5, 8, (stp_shape){13, 10}, 0), 8);
    expect_equal_logits(int8_found(3, 4, (stp_shape){11, 9}, 1), 9);
    expect_equal_logits(int8_found(6, 4, (stp_shape){16, 8}, 0), 10);
}

// Every kind of layer with batch norm and a bias of its own; sums, pools and copies between.
static void folding_by_hand(void **state) {
    (void)state;
    stp_graph *g = begin();
    int in = stp_graph_input(g, 1, 9, 7);
    int t = stp_graph_conv(g, in, 4, stp_window_same(3, 2, 2, 1, 1, 9, 7), 5, 7, 0, 1, -1);
    t = stp_graph_affine(g, stp_graph_bn(g, t, 1), 1, 2, 1);
    int a = stp_graph_bn(g, stp_graph_dwpw(g, t, 6, 3, 1, 2, 1, 1), 1);
    int b = stp_graph_bn(g, stp_graph_dwpw(g, t, 4, 5, 1, 1, 0, 1), 0);
    b = pointwise(g, stp_graph_affine(g, b, 0, 0, 1), 6, 1, "b");
    stp_mix_term terms[2] = {{a, -1, 0}, {b, -1, 0}};
    int sum = stp_graph_mix(g, terms, 2, -1);
    stp_mix_term more[2] = {{stp_graph_pool(g, STP_POOL_MAX, sum, 3, 1), -1, 0},
                            {stp_graph_affine(g, sum, 1, 0, 1), -1, 0}};
    expect_equal_logits(end(g, stp_graph_mix(g, more, 2, -1)), 11);
}

// --- refusals and memory --------------------------------------------------------------------------

static void refuse(stp_graph *g, const char *part) {
    stp_err err;
    stp_int8_net *net = NULL;
    stp_real *weights = problem_room((size_t)g->weights + 1, sizeof *weights);
    stp_real *running = problem_room((size_t)g->states + 1, sizeof *running);
    assert_refused(stp_int8_lower(&net, g, weights, running, &err), STP_ERR_MISMATCH, &err, part);
    assert_null(net);
    stp_free(weights);
    stp_free(running);
    stp_graph_destroy(g);
}

static void what_has_no_int8_form_is_refused(void **state) {
    (void)state;
    stp_supernet_options o = {
        .cells = 3, .channels = 4, .partial = 4, .classes = 3, .align = STP_ALIGN_CONV, .fronts = 1};
    stp_shape shape = {12, 10};
    stp_graph *g = problem_supernet(&o, &shape);
    refuse(g, "has no int8 form");

    g = begin();
    int a = pointwise(g, stp_graph_input(g, 1, 4, 4), 4, 0, "a");
    stp_mix_term three[3] = {{a, -1, 0}, {a, -1, 0}, {a, -1, 0}};
    refuse(end(g, stp_graph_mix(g, three, 3, -1)), "a weighted sum has no int8 form");

    g = begin();
    a = pointwise(g, stp_graph_input(g, 1, 4, 4), 4, 0, "a");
    a = stp_graph_affine(g, stp_graph_bn(g, stp_graph_pool(g, STP_POOL_MAX, a, 3, 1), 1), 0, 0, 1);
    refuse(end(g, a), "batch norm of what no weights make");

    g = begin();
    refuse(end(g, pointwise(g, stp_graph_input(g, 1, 300, 4), 4, 0, "a")), "a map of 300 x 4");
}

static void memory_can_run_out(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){11, 9}, 0), 12);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        stp_int8_net *net = NULL;
        stp_twin *twin = NULL;
        stp_alloc_fail_after(n);
        status = stp_int8_lower(&net, q.p.g, q.p.weights, q.p.running, &err);
        if (status == STP_OK)
            status = stp_twin_create(&twin, net, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
        stp_twin_destroy(twin);
        stp_int8_net_destroy(net);
    }
    assert_true(failures > 20);
    int8_problem_free(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ds_cnn_by_hand),
        cmocka_unit_test(a_rectifier_goes_where_all_agree),
        cmocka_unit_test(those_who_cannot_rectify_get_a_copy),
        cmocka_unit_test(concatenations_and_pools_share_scales),
        cmocka_unit_test(a_found_network),
        cmocka_unit_test(folding_changes_nothing),
        cmocka_unit_test(folding_by_hand),
        cmocka_unit_test(what_has_no_int8_form_is_refused),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
