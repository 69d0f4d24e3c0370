// The model in the device's form: every operation's result in the arena is the oracle's, bit for bit, however
// storages share the memory; rounding is never more than half a step off; the arena is near its bound.
#include "int8_oracle.h"
#include "int8_problem.h"
#include "quant/arena_plan.h"
#include "quant/device_model.h"

static void expect_map(const int8_oracle *o, const stapes_model *model, const int8_t *arena, int op) {
    int tensor = o->net->op[op].out;
    const stapes_map *map = &model->map[tensor];
    for (int h = 0; h < map->h; h++)
        for (int w = 0; w < map->w; w++)
            for (int c = 0; c < map->c; c++) {
                int is = arena[map->offset + (uint32_t)((h * map->w + w) * map->pitch + c)];
                int wanted = *int8_oracle_at(o, tensor, h, w, c);
                if (is != wanted)
                    fail_msg("%s at %d %d %d: %d instead of %d", o->net->op[op].name, h, w, c, is, wanted);
            }
}

// Inputs that use the whole range: one clip of noise, one that saturates, one of zeros.
static int8_t input_value(const stp_int8_net *net, int clip, stp_rng *rng) {
    if (clip == 0)
        return (int8_t)(stp_rng_below(rng, 256) - 128);
    if (clip == 1)
        return stp_rng_below(rng, 2) ? 127 : -128;
    return (int8_t)stp_int8_scale_of(net, net->input)->zero;
}

// The device's own check and self test accept it, and refuse it when a weight is another.
static void expect_sealed(const stapes_model *model) {
    stapes s;
    int8_t *arena = problem_room(model->arena_bytes, 1);
    assert_int_equal(stapes_init(&s, model, arena, model->arena_bytes, NULL, 0), STAPES_OK);
    int8_t *weight = (int8_t *)model->constants.weights;
    *weight ^= 1;
    assert_int_equal(stapes_init(&s, model, arena, model->arena_bytes, NULL, 0), STAPES_ERR_CHECKSUM);
    *weight ^= 1;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        int used = 0;
        for (int i = 0; i < model->ops; i++)
            used |= model->op[i].kind == kind;
        assert_int_equal(model->kernel[kind] != NULL, used); // what is not needed is not linked
    }
    stp_free(arena);
}

static void expect_bits(const stp_int8_net *net) {
    stp_err err;
    stp_device_model *device;
    problem_must(stp_device_model_create(&device, net, NULL, &err), &err);
    const stapes_model *model = &device->model;
    int8_oracle o = int8_oracle_make(net);
    int8_t *arena = problem_room(model->arena_bytes, 1);
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, 0);
    for (int clip = 0; clip < 3; clip++) {
        const stapes_map *in = &model->map[model->input];
        memset(arena, 0x55, model->arena_bytes);
        for (int i = 0; i < in->h * in->w; i++)
            arena[in->offset + (uint32_t)i] = o.storage[net->tensor[net->input].storage][i] =
                input_value(net, clip, &rng);
        for (int i = 0; i < net->ops; i++) {
            const stapes_op *op = &model->op[i];
            double off = int8_oracle_run(&o, i);
            if (off > 0.52) // half a step, and what rounding a sum before it is shifted right adds
                fail_msg("%s rounds by %g steps", net->op[i].name, off);
            model->kernel[op->kind](op, model->map, &model->constants, arena, arena + model->scratch_offset);
            expect_map(&o, model, arena, i);
        }
    }
    expect_sealed(model);
    stp_free(arena);
    int8_oracle_free(&o);
    stp_device_model_destroy(device);
}

static void every_result_is_the_oracles(void **state) {
    (void)state;
    stp_graph *graphs[] = {int8_ds_cnn((stp_shape){49, 10}), int8_ds_cnn((stp_shape){7, 5}),
                           int8_found(5, 4, (stp_shape){13, 10}, 0), int8_found(3, 6, (stp_shape){11, 9}, 1),
                           int8_found(6, 4, (stp_shape){10, 12}, 0)};
    for (int i = 0; i < (int)(sizeof graphs / sizeof graphs[0]); i++) {
        int8_problem q;
        int8_problem_make(&q, graphs[i], 30 + (uint64_t)i);
        int8_problem_quantise(&q, i % 2 ? 0.5 : 1); // a narrow range saturates
        expect_bits(q.net);
        int8_problem_free(&q);
    }
}

// --- the float twin ---------------------------------------------------------------------------------

static void device_logits(const int8_problem *q, stapes *s, int sample, double *logits) {
    const stp_int8_scale *in = stp_int8_scale_of(q->net, q->net->input);
    const stp_int8_scale *out = stp_int8_scale_of(q->net, q->net->output);
    const stapes_map *map = &s->model->map[s->model->input];
    size_t pixels = (size_t)map->h * map->w;
    for (size_t i = 0; i < pixels; i++) {
        double x =
            nearbyint((double)q->p.inputs[0][(size_t)sample * pixels + i] / (double)in->scale) + in->zero;
        stapes_input(s)[i] = (int8_t)fmin(127, fmax(-128, x));
    }
    stapes_invoke(s);
    for (int c = 0; c < q->p.classes; c++)
        logits[c] = (double)out->scale * (stapes_logits(s)[c] - out->zero);
}

// Logits of the twin, with weights and results rounded or as they are.
static void twin_logits(int8_problem *q, int rounds, stp_real *logits) {
    stp_err err;
    stp_twin *twin;
    problem_must(stp_twin_create(&twin, q->net, &err), &err);
    stp_real *weights = problem_room((size_t)twin->graph->weights, sizeof *weights);
    if (rounds)
        stp_twin_round_results(twin);
    stp_twin_round_weights(twin, twin->weights, weights);
    stp_exec_state state = {.weights = rounds ? weights : twin->weights, .rounding = twin->rounding};
    int8_problem_logits(&q->p, twin->graph, &state, logits);
    stp_free(weights);
    stp_twin_destroy(twin);
}

// Mean distance of the device's logits from others, in steps.
static double distance(const int8_problem *q, const stp_real *others) {
    stp_err err;
    stp_device_model *device;
    stapes s;
    problem_must(stp_device_model_create(&device, q->net, NULL, &err), &err);
    int8_t *arena = problem_room(device->model.arena_bytes, 1);
    assert_int_equal(stapes_init(&s, &device->model, arena, device->model.arena_bytes, NULL, 0), STAPES_OK);
    double sum = 0, logits[16], step = (double)stp_int8_scale_of(q->net, q->net->output)->scale;
    for (int n = 0; n < INT8_SAMPLES; n++) {
        device_logits(q, &s, n, logits);
        for (int c = 0; c < q->p.classes; c++)
            sum += fabs(logits[c] - (double)others[n * q->p.classes + c]) / step;
    }
    stp_free(arena);
    stp_device_model_destroy(device);
    return sum / (INT8_SAMPLES * q->p.classes);
}

// A channel whose scale is a power of two, so that halves of a step are exact.
static void the_twin_rounds_weights_as_the_device_has_them(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    stp_twin *twin;
    int8_problem_make(&q, int8_ds_cnn((stp_shape){25, 10}), 52);
    const stp_int8_op *op = &q.net->op[0];
    stp_int8_kernel k = stp_int8_kernel_of(op, 0);
    for (int i = 0; i < k.count; i++)
        q.net->weight[k.first + i * k.stride] = i ? (float)(i % 40 - 20 + 0.5) / 128 : 127.0f / 128;
    int8_problem_quantise(&q, 1);
    assert_true(q.net->weight_scale[op->channel] == 1.0f / 128);
    problem_must(stp_twin_create(&twin, q.net, &err), &err);
    stp_real *weights = problem_room((size_t)twin->graph->weights, sizeof *weights);
    stp_twin_round_weights(twin, twin->weights, weights);
    memcpy(twin->weights, weights, sizeof *weights * (size_t)twin->graph->weights);
    stp_twin_give(twin, q.net);
    for (int i = 0; i < k.count; i++) {
        int at = k.first + i * k.stride;
        assert_true(q.net->weight[at] * 128 == (float)q.net->weight_q[at]);
    }
    stp_free(weights);
    stp_twin_destroy(twin);
    int8_problem_free(&q);
}

// Sums are floats in the twin and halves go to even, so a value between two steps may fall to the other one
// and be carried on, the further the deeper a network is. What rounding does to the logits is told all the
// same: more than half of it for DS-CNN, a part of it for dozens of layers.
static void the_twin_tells_what_rounding_does(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        int8_problem q;
        int8_problem_make(&q, i ? int8_found(3, 4, (stp_shape){12, 9}, 0) : int8_ds_cnn((stp_shape){25, 10}),
                          50);
        int8_problem_quantise(&q, 1);
        stp_real *logits = problem_room((size_t)INT8_SAMPLES * q.p.classes, sizeof *logits);
        twin_logits(&q, 0, logits);
        double plain = distance(&q, logits);
        twin_logits(&q, 1, logits);
        double rounded = distance(&q, logits);
        if (!(rounded < (i ? 0.95 : 0.6) * plain))
            fail_msg("logits are %g steps from the twin's and %g from those in float", rounded, plain);
        stp_free(logits);
        int8_problem_free(&q);
    }
}

// --- memory ---------------------------------------------------------------------------------------

static void expect_apart(const stp_int8_net *net, const stp_arena_plan *plan, const size_t *scratch) {
    int *first = problem_room((size_t)net->storages, sizeof *first),
        *last = problem_room((size_t)net->storages, sizeof *last);
    for (int i = 0; i < net->storages; i++)
        first[i] = net->ops;
    first[net->tensor[net->input].storage] = 0;
    for (int i = 0; i < net->ops; i++) {
        int used[3] = {net->op[i].in, net->op[i].out, net->op[i].second};
        for (int k = 0; k < 3; k++)
            if (used[k] >= 0) {
                int s = net->tensor[used[k]].storage;
                first[s] = i < first[s] ? i : first[s];
                last[s] = i;
            }
    }
    last[net->tensor[net->output].storage] = net->ops - 1;
    for (int a = 0; a < net->storages; a++) {
        size_t size = (size_t)(net->storage[a].h * net->storage[a].w * net->storage[a].c);
        assert_true(plan->offset[a] % 4 == 0 && plan->offset[a] + size <= plan->bytes);
        for (int b = a + 1; b < net->storages; b++) {
            size_t other = (size_t)(net->storage[b].h * net->storage[b].w * net->storage[b].c);
            if (first[a] <= last[b] && first[b] <= last[a])
                assert_true(plan->offset[a] + size <= plan->offset[b] ||
                            plan->offset[b] + other <= plan->offset[a]);
        }
        for (int i = first[a]; i <= last[a]; i++)
            assert_true(scratch[i] == 0 || plan->offset[a] + size <= plan->scratch_offset ||
                        plan->scratch_offset + scratch[i] <= plan->offset[a]);
    }
    for (int i = 0; i < net->ops; i++)
        assert_true(plan->scratch_offset + scratch[i] <= plan->bytes);
    assert_int_equal(plan->scratch_offset % 4, 0);
    stp_free(first);
    stp_free(last);
}

static void expect_plan(const stp_int8_net *net) {
    stp_err err;
    stp_device_model *device;
    problem_must(stp_device_model_create(&device, net, NULL, &err), &err);
    size_t *scratch = problem_room((size_t)net->ops, sizeof *scratch);
    stp_arena_plan plan = {.offset = problem_room((size_t)net->storages, sizeof *plan.offset)};
    for (int i = 0; i < net->ops; i++)
        scratch[i] = stapes_nn_scratch_bytes(&device->model.op[i], device->model.map);
    problem_must(stp_arena_plan_make(&plan, net, scratch, &err), &err);
    expect_apart(net, &plan, scratch);
    assert_int_equal(plan.bytes, device->model.arena_bytes);
    assert_int_equal(plan.bound, device->arena_bound);
    assert_true(plan.bytes >= plan.bound);
    if (plan.bytes > plan.bound + plan.bound / 20)
        fail_msg("an arena of %zu bytes where %zu is the bound", plan.bytes, plan.bound);
    stp_free(plan.offset);
    stp_free(scratch);
    stp_device_model_destroy(device);
}

static void arenas_are_within_a_twentieth_of_the_bound(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        int8_problem q;
        stp_shape shapes[] = {{49, 10}, {49, 40}, {79, 40}, {31, 13}};
        stp_graph *g =
            i < 2 ? int8_ds_cnn(shapes[i]) : int8_found(3 + i % 4, 4 + 4 * (i % 2), shapes[i % 4], 0);
        int8_problem_make(&q, g, 40);
        expect_plan(q.net);
        int8_problem_free(&q);
    }
}

static void memory_can_run_out(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){11, 9}, 0), 12);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        stp_device_model *device = NULL;
        stp_alloc_fail_after(n);
        status = stp_device_model_create(&device, q.net, NULL, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
        stp_device_model_destroy(device);
    }
    assert_true(failures > 10);
    int8_problem_free(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_is_the_oracles),
        cmocka_unit_test(the_twin_rounds_weights_as_the_device_has_them),
        cmocka_unit_test(the_twin_tells_what_rounding_does),
        cmocka_unit_test(arenas_are_within_a_twentieth_of_the_bound),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
