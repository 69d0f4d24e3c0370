// Writes one training step of a network to a folder, for comparison with PyTorch (networks.py):
//   dump supernet|network|ds_cnn ISA SEED FOLDER
// FOLDER/index.json lists the tensors (role, name, shape, offset) of FOLDER/tensors.f64, all as doubles.
#include "problem.h"

#include <jansson.h>

enum { SAMPLES = 16, CELLS = 3, CHANNELS = 8, PARTIAL = 4, CLASSES = 5 };

typedef struct dump {
    FILE *data;
    json_t *tensors;
    long reals;
} dump;

// Opens a tensor of at most four axes (0 ends the list); its values follow by put.
static void open_tensor(dump *d, const char *role, const char *name, const int shape[4]) {
    json_t *axes = json_array();
    for (int i = 0; i < 4 && shape[i] > 0; i++)
        json_array_append_new(axes, json_integer(shape[i]));
    json_array_append_new(d->tensors, json_pack("{s:s, s:s, s:o, s:I}", "role", role, "name", name, "shape",
                                                axes, "offset", (json_int_t)d->reals));
}

static void put(dump *d, double value) {
    if (fwrite(&value, sizeof value, 1, d->data) != 1) {
        fprintf(stderr, "cannot write the tensors\n");
        exit(1);
    }
    d->reals++;
}

static void put_reals(dump *d, const char *role, const char *name, const stp_real *values,
                      const int shape[4]) {
    open_tensor(d, role, name, shape);
    size_t count = 1;
    for (int i = 0; i < 4 && shape[i] > 0; i++)
        count *= (size_t)shape[i];
    for (size_t k = 0; k < count; k++)
        put(d, (double)values[k]);
}

static void put_inputs(dump *d, const problem *p) {
    for (int i = 0; i < p->g->input_count; i++) {
        const stp_tensor *t = &p->g->tensor[p->g->inputs[i]];
        put_reals(d, "input", "x", p->inputs[i], (int[4]){p->samples, 1, t->h, t->w});
    }
    open_tensor(d, "label", "labels", (int[4]){p->samples});
    for (int n = 0; n < p->samples; n++)
        put(d, p->labels[n]);
}

static void put_params(dump *d, const problem *p, const char *role, const stp_real *values) {
    for (int i = 0; i < p->g->params; i++)
        put_reals(d, role, p->g->param[i].name, values + p->g->param[i].offset,
                  (int[4]){p->g->param[i].count});
}

static void put_arch(dump *d, const problem *p, const char *role, const stp_arch *arch) {
    if (p->fronts == 0)
        return;
    open_tensor(d, role, "alpha", (int[4]){STP_CELL_KINDS, STP_CELL_EDGES, STP_CELL_OPS});
    for (int i = 0; i < STP_ARCH_ALPHAS; i++)
        put(d, arch->all[i]);
    open_tensor(d, role, "beta", (int[4]){STP_CELL_KINDS, STP_CELL_EDGES});
    for (int i = 0; i < STP_ARCH_BETAS; i++)
        put(d, arch->all[STP_ARCH_ALPHAS + i]);
    open_tensor(d, role, "gamma", (int[4]){p->fronts});
    for (int i = 0; i < p->fronts; i++)
        put(d, arch->gamma[i]);
}

// A batch norm is called after the first weight of the operation that it normalises, a pool's "pool".
static const char *bn_name(const stp_graph *g, const stp_bn *bn) {
    for (int i = 0; i < g->ops; i++)
        if (g->tensor[g->op[i].out].storage == bn->tensor) {
            for (int k = 0; k < g->params && g->op[i].weight >= 0; k++)
                if (g->param[k].offset == g->op[i].weight)
                    return g->param[k].name;
            return "pool";
        }
    return "unknown";
}

static void put_running(dump *d, const problem *p) {
    for (int i = 0; i < p->g->bns; i++) {
        const stp_bn *bn = &p->g->bn[i];
        const char *name = bn_name(p->g, bn);
        put_reals(d, "running_mean", name, p->running + bn->state, (int[4]){bn->channels});
        put_reals(d, "running_variance", name, p->running + bn->state + bn->channels, (int[4]){bn->channels});
    }
}

static stp_graph *build(const char *which, int *fronts, json_t *index) {
    stp_graph *g = NULL;
    stp_err err;
    *fronts = 0;
    if (strcmp(which, "supernet") == 0) {
        stp_supernet_options o = {.cells = CELLS,
                                  .channels = CHANNELS,
                                  .partial = PARTIAL,
                                  .classes = CLASSES,
                                  .align = STP_ALIGN_CONV,
                                  .fronts = 8};
        *fronts = o.fronts;
        g = problem_supernet(&o, problem_published_shapes);
    } else if (strcmp(which, "network") == 0) {
        stp_genotype genotype = problem_genotype();
        stp_network_options o = {.cells = CELLS, .channels = CHANNELS, .classes = CLASSES, .input = {49, 40}};
        problem_must(stp_network_build(&g, &genotype, &o, &err), &err);
        json_object_set_new(index, "genotype", stp_genotype_to_json(&genotype));
    } else if (strcmp(which, "ds_cnn") == 0) {
        problem_must(stp_ds_cnn_build(&g, (stp_shape){49, 10}, CLASSES, &err), &err);
    } else {
        fprintf(stderr, "unknown network %s: give supernet, network or ds_cnn\n", which);
        exit(2);
    }
    return g;
}

static void write_all(const problem *p, const char *folder, json_t *index) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tensors.f64", folder);
    dump d = {.data = fopen(path, "wb"), .tensors = json_array()};
    if (!d.data) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
    put_inputs(&d, p);
    put_params(&d, p, "weight", p->weights);
    put_arch(&d, p, "arch", &p->arch);
    open_tensor(&d, "loss", "loss", (int[4]){1});
    put(&d, p->loss);
    put_reals(&d, "logits", "logits", p->logits, (int[4]){p->samples, p->classes});
    put_params(&d, p, "d_weight", p->grads);
    put_arch(&d, p, "d_arch", &p->d_arch);
    put_running(&d, p);
    json_object_set_new(index, "tensors", d.tensors);
    snprintf(path, sizeof path, "%s/index.json", folder);
    if (fclose(d.data) != 0 || json_dump_file(index, path, JSON_INDENT(1)) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s supernet|network|ds_cnn ISA SEED FOLDER\n", argv[0]);
        return 2;
    }
    stp_err err;
    if (stp_isa_select(argv[2], &err) != STP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 77;
    }
    int fronts, seed = atoi(argv[3]);
    double smoothing = strcmp(argv[1], "supernet") == 0 ? 0.1 : 0;
    json_t *index =
        json_pack("{s:s, s:i, s:s, s:s}", "network", argv[1], "seed", seed, "isa",
                  stp_isa_name(stp_isa_current()), "real", sizeof(stp_real) == 8 ? "double" : "float");
    json_t *options =
        json_pack("{s:i, s:i, s:i, s:i, s:f, s:[i,i]}", "cells", CELLS, "channels", CHANNELS, "partial",
                  PARTIAL, "classes", CLASSES, "smoothing", smoothing, "grid", 49, 40);
    json_object_set_new(index, "options", options);
    problem p;
    stp_graph *g = build(argv[1], &fronts, index);
    problem_make(&p, g, fronts, SAMPLES, smoothing, (uint64_t)seed);
    problem_run(&p, (problem_way){stp_isa_current(), 2, SAMPLES, 1});
    write_all(&p, argv[4], index);
    problem_free(&p);
    json_decref(index);
    return 0;
}
