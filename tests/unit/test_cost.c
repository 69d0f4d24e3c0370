// Costs predicted: the table fits the terms, loops are counted as they go round, and what is exact is exact.
// Against emulated processors: tests/cost.
#include "cost/system_cost.h"
#include "cost/table.h"
#include "cost/window_terms.h"
#include "int8_problem.h"
#include "quant/device_model.h"

static stapes_op some_op(stapes_op_kind kind) {
    return (stapes_op){.kind = (uint8_t)kind,
                       .k_h = 3,
                       .k_w = 3,
                       .stride_h = 1,
                       .stride_w = 1,
                       .dilation = 1,
                       .pad_top = 1,
                       .pad_left = 1,
                       .in_low = -128,
                       .second = 1,
                       .out = 2};
}

static void some_maps(stapes_map maps[3], int h, int w, int c) {
    for (int i = 0; i < 3; i++)
        maps[i] = (stapes_map){.h = (uint16_t)h, .w = (uint16_t)w, .c = (uint16_t)c, .pitch = (uint16_t)c};
}

static stp_front_spec front_of(const char *text) {
    stp_front_spec spec;
    stp_err err;
    assert_int_equal(stp_front_spec_parse(&spec, text, "mfcc", 16000, 20, 7600, &err), STP_OK);
    return spec;
}

// --- the table -------------------------------------------------------------------------------------------

static void expect_rounds(const stp_rounds *rounds, const stp_terms *terms, const char *what) {
    double most = 0;
    if (rounds->count != terms->count)
        fail_msg("%s: %d terms, and the table has %d; run tools/cost-table", what, terms->count,
                 rounds->count);
    for (int i = 0; i < rounds->count; i++) {
        assert_true(rounds->each[i] >= 0);
        most = fmax(most, rounds->each[i]);
    }
    assert_true(most > 1);
}

static void the_table_has_every_term(void **state) {
    (void)state;
    stp_front_spec front = front_of("640/320/40:10");
    stp_terms terms;
    stapes_map maps[3];
    some_maps(maps, 9, 8, 12);
    for (int p = 0; p < STP_PROCESSORS; p++) {
        for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
            stapes_op op = some_op((stapes_op_kind)kind);
            stp_op_terms(&terms, (stp_processor)p, &op, maps);
            expect_rounds(stp_op_rounds((stp_processor)p, (stapes_op_kind)kind), &terms,
                          stp_processor_name((stp_processor)p));
            assert_true(stp_kernel_bytes_of((stp_processor)p, (stapes_op_kind)kind)->code > 0);
            assert_true(stp_kernel_bytes_of((stp_processor)p, (stapes_op_kind)kind)->stack > 0);
        }
        stp_front_terms(&terms, (stp_processor)p, &front);
        expect_rounds(stp_front_rounds((stp_processor)p), &terms, stp_processor_name((stp_processor)p));
        const stp_fixed_bytes *fixed = stp_fixed_bytes_of((stp_processor)p);
        assert_true(fixed->front > 1000 && fixed->shared > 100 && fixed->runtime > 500);
        assert_true(fixed->state > 0 && fixed->stack_of_row > 0);
    }
}

static void processors_have_names(void **state) {
    (void)state;
    stp_processor p;
    for (int i = 0; i < STP_PROCESSORS; i++) {
        assert_int_equal(stp_processor_parse(&p, stp_processor_name((stp_processor)i)), 0);
        assert_int_equal(p, i);
    }
    assert_int_equal(stp_processor_parse(&p, "m4f"), 0);
    assert_int_equal(p, STP_PROCESSOR_M4);
    assert_int_equal(stp_processor_parse(&p, "m9"), -1);
}

// --- loops -----------------------------------------------------------------------------------------------

static void windows_are_counted_as_they_lie(void **state) {
    (void)state;
    stp_rng rng = stp_rng_at(4, STP_RNG_TEST, 0, 0);
    for (int n = 0; n < 500; n++) {
        stp_axis axis = {.outs = 1 + (int)stp_rng_below(&rng, 20), .k = 1 + (int)stp_rng_below(&rng, 6)};
        axis.stride = 1 + (int)stp_rng_below(&rng, 3);
        axis.dilation = 1 + (int)stp_rng_below(&rng, 3);
        axis.pad = (int)stp_rng_below(&rng, 5) - 1;
        axis.length = 1 + (int)stp_rng_below(&rng, 25);
        int all = 0, whole = 0;
        for (int i = 0; i < axis.outs; i++) {
            int inside = 0;
            for (int at = 0; at < axis.length; at++) // the other way round: who reads this row of the map?
                for (int k = 0; k < axis.k; k++)
                    inside += i * axis.stride - axis.pad + k * axis.dilation == at;
            assert_int_equal(stp_axis_inside(&axis, i), inside);
            all += inside;
            whole += inside == axis.k;
        }
        assert_true(stp_axis_all_inside(&axis) == all);
        assert_int_equal(stp_axis_whole(&axis), whole);
    }
}

static void more_costs_more(void **state) {
    (void)state;
    for (int p = 0; p < STP_PROCESSORS; p++)
        for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
            stapes_op op = some_op((stapes_op_kind)kind);
            stapes_map small[3], high[3], deep[3];
            some_maps(small, 10, 8, 16);
            some_maps(high, 20, 8, 16);
            some_maps(deep, 10, 8, 32);
            long long least = stp_op_instructions((stp_processor)p, &op, small);
            assert_true(least > 100);
            if (kind != STAPES_FULLY_CONNECTED) // the others take each pixel alike
                assert_in_range(10 * stp_op_instructions((stp_processor)p, &op, high) / least, 18, 22);
            assert_true(stp_op_instructions((stp_processor)p, &op, deep) > least * 5 / 4);
            op.k_h = 1;
            op.pad_top = 0;
            if (kind == STAPES_CONV || kind == STAPES_DEPTHWISE || kind == STAPES_MAX_POOL)
                assert_true(stp_op_instructions((stp_processor)p, &op, small) < least);
        }
}

static void front_ends_by_their_parts(void **state) {
    (void)state;
    for (int p = 0; p < STP_PROCESSORS; p++) {
        stp_front_spec few = front_of("640/320/40:10"), all = front_of("640/320/40");
        stp_front_spec longer = front_of("1280/320/40:10"), often = front_of("640/160/40:10");
        long long row = stp_front_instructions((stp_processor)p, &few);
        assert_true(row > 10000);
        assert_true(stp_front_instructions((stp_processor)p, &all) > row);
        assert_true(stp_front_instructions((stp_processor)p, &longer) > row * 3 / 2);
        long long same = stp_front_instructions((stp_processor)p, &often); // a window is a window
        assert_in_range(100 * same / row, 95, 105);
    }
}

// --- systems ---------------------------------------------------------------------------------------------

static void macs_are_the_graphs(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    stp_cost_plan *plan;
    stp_system_cost cost;
    stp_front_spec front = front_of("400/200/20:10");
    int8_problem_make(&q, int8_found(4, 6, (stp_shape){19, 10}, 0), 3);
    problem_must(stp_cost_plan_create(&plan, q.net, &front, &err), &err);
    stp_system_cost_of(&cost, STP_PROCESSOR_M4, plan);
    long long macs = 0, instructions = 0;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        macs += cost.kind[kind].macs;
        instructions += cost.kind[kind].instructions;
    }
    assert_int_equal(macs, stp_graph_macs(q.p.g));
    assert_int_equal(instructions, cost.inference);
    assert_int_equal(stp_system_cost_clip(&cost, plan), cost.inference + 19 * cost.row);
    stp_cost_plan_destroy(plan);
    int8_problem_free(&q);
}

// Shapes alone say what the network's operations do, where they have maps of their own.
static void shapes_are_enough(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    stp_cost_plan *plan;
    stp_front_spec front = front_of("640/320/40:10");
    int8_problem_make(&q, int8_ds_cnn((stp_shape){49, 10}), 3);
    problem_must(stp_cost_plan_create(&plan, q.net, &front, &err), &err);
    for (int i = 0; i < plan->ops; i++) {
        const stapes_op *op = &plan->layout.op[i];
        const stapes_map *in = &plan->layout.map[op->in], *out = &plan->layout.map[op->out];
        stp_op_shape shape = {(stapes_op_kind)op->kind,
                              in->h,
                              in->w,
                              in->c,
                              out->c,
                              op->k_h,
                              op->k_w,
                              op->stride_h,
                              op->dilation,
                              0};
        if (op->kind == STAPES_AVERAGE_POOL) // over the whole map, which no stride says
            continue;
        for (int p = 0; p < STP_PROCESSORS; p++)
            assert_int_equal(stp_shape_instructions((stp_processor)p, &shape),
                             stp_op_instructions((stp_processor)p, op, plan->layout.map));
    }
    stp_op_shape plain = {STAPES_DEPTHWISE, 13, 7, 10, 0, 5, 5, 2, 1, 0}, rectified = plain;
    rectified.rectified = 1;
    for (int p = 0; p < STP_PROCESSORS; p++)
        assert_true(stp_shape_instructions((stp_processor)p, &rectified) >
                    stp_shape_instructions((stp_processor)p, &plain));
    stp_cost_plan_destroy(plan);
    int8_problem_free(&q);
}

// What device/runtime is given, to the byte; and the same before anything was quantised.
static void weights_and_memory_are_exact(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        int8_problem q;
        stp_err err;
        stp_cost_plan *before, *after;
        stp_device_model *device;
        stp_front_bank *bank;
        stp_front_spec front = front_of(i ? "400/200/20:10" : "640/320/40:10");
        int frames = stp_front_spec_frames(&front, 4000);
        stp_shape input = {frames, front.coefficients};
        int8_problem_make(&q, i ? int8_found(3 + i, 3 + 2 * i, input, 0) : int8_ds_cnn(input), 3);
        problem_must(stp_cost_plan_create(&before, q.net, &front, &err), &err);
        int8_problem_quantise(&q, 1);
        problem_must(stp_cost_plan_create(&after, q.net, &front, &err), &err);
        problem_must(stp_front_bank_create(&bank, &front, 1, 4000, &err), &err);
        problem_must(stp_device_model_create(&device, q.net, stp_front_bank_config(bank, 0), &err), &err);
        const stapes_model *m = &device->model;
        assert_int_equal(after->layout.plan.bytes, m->arena_bytes);
        assert_int_equal(before->layout.plan.bytes, m->arena_bytes);
        assert_int_equal(after->weights, m->weights + 9 * m->channels);
        assert_int_equal(after->stream, stapes_stream_bytes(m));
        stp_device_model_destroy(device);
        stp_front_bank_destroy(bank);
        stp_cost_plan_destroy(before);
        stp_cost_plan_destroy(after);
        int8_problem_free(&q);
    }
}

// A model that was never trained, and its int8 form: rectifiers are foreseen as they will be.
static void a_model_costs_what_its_int8_form_will(void **state) {
    (void)state;
    static const char *const labels[] = {"no", "yes"};
    stp_front_spec front = front_of("400/200/20:10");
    stp_genotype genotype = problem_genotype();
    stp_err err;
    stp_model *model;
    stp_cost_plan *plan, *quantised;
    stp_system_cost a, b;
    stp_model_options options = {.net = STP_NET_FOUND,
                                 .genotype = &genotype,
                                 .cells = 4,
                                 .channels = 6,
                                 .labels = labels,
                                 .classes = 2,
                                 .clip_samples = 4000,
                                 .front = &front};
    problem_must(stp_model_create(&model, &options, &err), &err);
    problem_must(stp_cost_plan_of_model(&plan, model, &err), &err);
    int8_problem q;
    stp_graph *g;
    stp_network_options network = {.cells = 4, .channels = 6, .classes = 2, .input = model->input};
    problem_must(stp_network_build(&g, &genotype, &network, &err), &err);
    int8_problem_make(&q, g, 3);
    int8_problem_quantise(&q, 1);
    problem_must(stp_cost_plan_create(&quantised, q.net, &front, &err), &err);
    for (int p = 0; p < STP_PROCESSORS; p++) {
        stp_system_cost_of(&a, (stp_processor)p, plan);
        stp_system_cost_of(&b, (stp_processor)p, quantised);
        assert_int_equal(a.inference, b.inference);
        assert_int_equal(stp_system_cost_flash(&a), stp_system_cost_flash(&b));
        assert_int_equal(stp_system_cost_ram(&a), stp_system_cost_ram(&b));
    }
    stp_cost_plan_destroy(plan);
    stp_cost_plan_destroy(quantised);
    int8_problem_free(&q);
    stp_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_every_term),
        cmocka_unit_test(processors_have_names),
        cmocka_unit_test(windows_are_counted_as_they_lie),
        cmocka_unit_test(more_costs_more),
        cmocka_unit_test(front_ends_by_their_parts),
        cmocka_unit_test(macs_are_the_graphs),
        cmocka_unit_test(shapes_are_enough),
        cmocka_unit_test(weights_and_memory_are_exact),
        cmocka_unit_test(a_model_costs_what_its_int8_form_will),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
