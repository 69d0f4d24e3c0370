// Whatever network training may end with has an int8 form that a device takes: random shapes and genotypes,
// with weights of all sizes, dead channels and dead layers.
#include "int8_oracle.h"
#include "int8_problem.h"
#include "quant/device_model.h"

// --- networks -------------------------------------------------------------------------------------

static stp_genotype random_genotype(stp_rng *rng) {
    stp_genotype genotype = {.front = "640/320/40", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int node = 0; node < STP_CELL_NODES; node++) {
            int states = STP_CELL_INPUTS + node, first = (int)stp_rng_below(rng, (uint64_t)states);
            int second = (first + 1 + (int)stp_rng_below(rng, (uint64_t)states - 1)) % states;
            for (int k = 0; k < 2; k++)
                genotype.edge[kind][2 * node + k] = (stp_genotype_edge){
                    STP_CELL_NONE + 1 + (int)stp_rng_below(rng, STP_CELL_OPS - 1), k ? second : first};
        }
    return genotype;
}

static stp_graph *random_network(stp_rng *rng) {
    stp_graph *g;
    stp_err err;
    stp_shape input = {1 + (int)stp_rng_below(rng, 30), 1 + (int)stp_rng_below(rng, 20)};
    int classes = 2 + (int)stp_rng_below(rng, 12);
    if (stp_rng_below(rng, 4) == 0) {
        problem_must(stp_ds_cnn_build(&g, input, classes, &err), &err);
        return g;
    }
    stp_genotype genotype = random_genotype(rng);
    stp_network_options options = {.cells = 1 + (int)stp_rng_below(rng, 5),
                                   .channels = 1 + (int)stp_rng_below(rng, 9),
                                   .classes = classes,
                                   .input = input,
                                   .drop_path = (int)stp_rng_below(rng, 2)};
    problem_must(stp_network_build(&g, &genotype, &options, &err), &err);
    return g;
}

// --- weights --------------------------------------------------------------------------------------

typedef enum kind_of_weights {
    AS_MADE,
    ALL_SIZES,
    WITH_OUTLIERS,
    DEAD_LAYERS,
    WITH_ZEROS,
    KINDS
} kind_of_weights;

static double power_of_ten(stp_rng *rng, double most) {
    return pow(10, most * (2 * stp_rng_uniform(rng) - 1));
}

static void change_param(const stp_param *param, stp_real *weights, kind_of_weights kind, stp_rng *rng) {
    double factor = kind == ALL_SIZES ? power_of_ten(rng, 3) : 1;
    int struck = stp_rng_below(rng, 3) == 0;
    for (int k = 0; k < param->count; k++) {
        stp_real *w = &weights[param->offset + k];
        *w = (stp_real)((double)*w * factor);
        if (kind == WITH_OUTLIERS && stp_rng_below(rng, 8) == 0)
            *w *= 20; // with more, deep networks leave the floats
        if (kind == DEAD_LAYERS && struck && param->kind == STP_PARAM_SHIFT)
            *w -= 100; // rectified, nothing is left
        if (kind == WITH_ZEROS && struck && stp_rng_below(rng, 4))
            *w = 0;
    }
}

static void change_weights(problem *p, kind_of_weights kind, stp_rng *rng) {
    for (int i = 0; i < p->g->params; i++)
        change_param(&p->g->param[i], p->weights, kind, rng);
    for (int i = 0; i < p->g->bns; i++) {
        stp_real *mean = p->running + p->g->bn[i].state, *variance = mean + p->g->bn[i].channels;
        for (int c = 0; c < p->g->bn[i].channels; c++) {
            mean[c] = (stp_real)(0.2 * stp_rng_normal(rng));
            variance[c] = (stp_real)(0.1 + stp_rng_uniform(rng));
        }
    }
}

// --- what must come of it ---------------------------------------------------------------------------

// The result of every operation in the arena is the oracle's.
static void expect_bits(const int8_problem *q, const stapes_model *model, int8_t *arena, stp_rng *rng) {
    const stp_int8_net *net = q->net;
    const stapes_map *in = &model->map[model->input];
    int8_oracle o = int8_oracle_make(net);
    for (int i = 0; i < in->h * in->w; i++)
        arena[in->offset + (uint32_t)i] = o.storage[net->tensor[net->input].storage][i] =
            (int8_t)(stp_rng_below(rng, 256) - 128);
    for (int id = 0; id < net->ops; id++) {
        const stapes_op *op = &model->op[id];
        const stapes_map *map = &model->map[op->out];
        int8_oracle_run(&o, id);
        model->kernel[op->kind](op, model->map, &model->constants, arena, arena + model->scratch_offset);
        for (int at = 0; at < map->h * map->w * map->c; at++) {
            int pixel = at / map->c, c = at % map->c, is = arena[map->offset + pixel * map->pitch + c];
            int wanted = *int8_oracle_at(&o, net->op[id].out, pixel / map->w, pixel % map->w, c);
            if (is != wanted)
                fail_msg("%s at %d: %d instead of %d", net->op[id].name, at, is, wanted);
        }
    }
    int8_oracle_free(&o);
}

// Nothing has a form that no float has a name for; measuring ranges refuses it (quant/calibrate.c).
static int leaves_the_floats(const stp_int8_net *net) {
    int leaves = 0;
    for (int i = 0; i < net->scales; i++)
        leaves |= !isfinite(net->scale[i].scale);
    return leaves;
}

// Returns whether there is a form to speak of.
static int expect_form(int number) {
    stp_rng rng = stp_rng_at(7, STP_RNG_TEST, 0, (uint64_t)number);
    int8_problem q;
    stp_err err;
    stp_device_model *device;
    stapes s;
    problem_make(&q.p, random_network(&rng), 0, INT8_SAMPLES, 0, (uint64_t)number);
    change_weights(&q.p, number % KINDS, &rng);
    problem_must(stp_int8_lower(&q.net, q.p.g, q.p.weights, q.p.running, &err), &err);
    stp_status quantised = int8_problem_try(&q, 1, &err);
    if (quantised != STP_OK && leaves_the_floats(q.net)) {
        int8_problem_free(&q);
        return 0;
    }
    if (quantised != STP_OK || stp_device_model_create(&device, q.net, NULL, &err) != STP_OK)
        fail_msg("network %d: %s", number, err.text);
    int8_t *arena = problem_room(device->model.arena_bytes, 1);
    stapes_status status = stapes_init(&s, &device->model, arena, device->model.arena_bytes, NULL, 0);
    if (status != STAPES_OK)
        fail_msg("network %d: init says %d", number, status);
    expect_bits(&q, &device->model, arena, &rng);
    stp_free(arena);
    stp_device_model_destroy(device);
    int8_problem_free(&q);
    return 1;
}

static void every_network_has_an_int8_form(void **state) {
    (void)state;
    const char *wanted = getenv("STAPES_NETWORKS");
    int count = wanted ? atoi(wanted) : 60;
    int forms = 0;
    for (int i = 0; i < count; i++)
        forms += expect_form(i);
    assert_true(forms > 0.98 * count);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_network_has_an_int8_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
