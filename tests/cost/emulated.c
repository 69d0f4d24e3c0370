// What is predicted, beside what an emulated processor counts, of networks that the table of costs was not
// fitted to.   emulated NETWORKS PROCESSOR...   (NETWORKS: how many of networks.h, or from-to)
// A line for each; fails where instructions or code are off by more than 3 %, those of a single operation by
// more than 6 %, the stack by more than 10 %, or weights, tables or the arena by a byte.
#include "cost/system_cost.h"
#include "emulate/emulate.h"
#include "frontend/front_bank.h"
#include "int8_problem.h"
#include "networks.h"
#include "quant/device_model.h"

enum { MOST_CLASSES = 64 };

typedef struct subject {
    const cost_network *network;
    stp_front_spec front;
    stp_front_bank *bank;
    int8_problem q;
    stp_device_model *device;
    stp_cost_plan *plan;
    int16_t *clip;
    char label[MOST_CLASSES][12];
    const char *labels[MOST_CLASSES];
} subject;

static int failures;

// --- a system with random weights that hears noise -------------------------------------------------------

static void make_clip(subject *s) {
    stp_rng rng = stp_rng_at(3, STP_RNG_TEST, 0, 0);
    s->clip = problem_room((size_t)s->network->clip_samples, sizeof *s->clip);
    for (int i = 0; i < s->network->clip_samples; i++)
        s->clip[i] = (int16_t)(2000 * sin(i * 0.07) * sin(i * 0.0004) + 300 * stp_rng_normal(&rng));
}

// Features about as large as those that the ranges were measured on.
static void set_norm(subject *s) {
    stp_err err;
    size_t rows = (size_t)stp_front_bank_frames(s->bank, 0), width = (size_t)s->front.coefficients;
    float *x = problem_room(rows * width, sizeof *x);
    float mean[STP_FRONT_MAX_COEFFICIENTS], inv[STP_FRONT_MAX_COEFFICIENTS];
    problem_must(stp_front_scalar(s->bank, 0, s->clip, x, &err), &err);
    for (size_t c = 0; c < width; c++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)x[r * width + c];
        for (size_t r = 0; r < rows; r++)
            squares += pow((double)x[r * width + c] - sum / (double)rows, 2);
        mean[c] = (float)(sum / (double)rows);
        inv[c] = (float)(1 / sqrt(squares / (double)rows + 1e-3));
    }
    stp_front_bank_set_norm(s->bank, 0, mean, inv);
    stp_free(x);
}

static void open_subject(subject *s, const cost_network *network) {
    stp_err err;
    stp_graph *g;
    *s = (subject){.network = network};
    problem_must(stp_front_spec_parse(&s->front, network->front, network->features, 16000, 20, 7600, &err),
                 &err);
    problem_must(stp_front_bank_create(&s->bank, &s->front, 1, network->clip_samples, &err), &err);
    make_clip(s);
    set_norm(s);
    stp_shape input = {stp_front_bank_frames(s->bank, 0), s->front.coefficients};
    problem_must(cost_network_build(&g, network, input, &err), &err);
    int8_problem_make(&s->q, g, 5);
    int8_problem_quantise(&s->q, 1);
    problem_must(stp_device_model_create(&s->device, s->q.net, stp_front_bank_config(s->bank, 0), &err),
                 &err);
    for (int i = 0; i < network->classes; i++) {
        snprintf(s->label[i], sizeof s->label[i], "word%.*s", i % 6, "abcdef");
        s->labels[i] = s->label[i];
    }
    problem_must(stp_cost_plan_create(&s->plan, s->q.net, &s->front, &err), &err);
}

static void close_subject(subject *s) {
    stp_cost_plan_destroy(s->plan);
    stp_device_model_destroy(s->device);
    int8_problem_free(&s->q);
    stp_front_bank_destroy(s->bank);
    stp_free(s->clip);
}

// --- predicted and counted -------------------------------------------------------------------------------

static double off(double predicted, double counted) {
    return 100 * (predicted / counted - 1);
}

static void hold(const char *what, double percent, double most) {
    if (fabs(percent) <= most)
        return;
    printf("    FAILED: %s is off by %.1f %%; where device/ has changed: tools/cost-table\n", what, percent);
    failures++;
}

static void exactly(const char *what, long predicted, long found) {
    if (predicted == found)
        return;
    printf("    FAILED: %s: %ld bytes predicted, %ld found\n", what, predicted, found);
    failures++;
}

static void compare_instructions(const subject *s, const stp_system_cost *cost, const stp_emulated *e) {
    long long inference = 0;
    double worst = 0;
    for (int i = 0; i < e->ops; i++) {
        long long predicted =
            stp_op_instructions(cost->processor, &s->plan->layout.op[i], s->plan->layout.map);
        inference += e->op[i].total;
        if (fabs(off((double)predicted, (double)e->op[i].total)) > fabs(worst))
            worst = off((double)predicted, (double)e->op[i].total);
    }
    double inference_off = off((double)cost->inference, (double)inference);
    double row_off = off((double)cost->row, (double)e->row.total);
    printf("%-5s %-30s %9lld %9lld %6.2f  %6.2f  %8lld %8lld %6.2f\n", stp_processor_name(cost->processor),
           s->network->name, inference, cost->inference, inference_off, worst, e->row.total, cost->row,
           row_off);
    hold("an inference", inference_off, 3);
    hold("its worst operation", worst, 6);
    hold("a row of features", row_off, 3);
}

static void compare_bytes(const subject *s, const stp_system_cost *cost, const stp_emulated *e) {
    const stp_flash *f = &e->flash;
    long code = f->front + f->nn + f->runtime + f->compiler;
    long predicted = cost->flash.front + cost->flash.operations + cost->flash.runtime + cost->flash.compiler;
    exactly("weights, biases and multipliers", cost->flash.weights, f->weights);
    exactly("the front-end's tables", cost->flash.front_tables, f->front_tables);
    exactly("the arena", cost->ram.arena, (long)s->device->model.arena_bytes);
    exactly("the stream", cost->ram.stream, (long)stapes_stream_bytes(&s->device->model));
    hold("code", off((double)predicted, (double)code), 3);
    exactly("the network's lists", cost->flash.lists, f->plan);
    hold("stack of a row", off((double)cost->ram.stack_of_row, (double)e->stack_of_row), 10);
    hold("stack of a decision", off((double)cost->ram.stack_of_decision, (double)e->stack_of_decision), 10);
}

static void try(const subject *s, const char *name) {
    stp_err err;
    stp_processor processor;
    stp_emulated e;
    stp_system_cost cost;
    stp_system_source source = {
        .model = &s->device->model, .labels = s->labels, .title = s->network->name, .rate_hz = 16000};
    if (stp_processor_parse(&processor, name) != 0)
        exit(2);
    problem_must(stp_emulate(&e, &source, name, s->clip, 1, s->network->clip_samples, &err), &err);
    stp_system_cost_of(&cost, processor, s->plan);
    compare_instructions(s, &cost, &e);
    compare_bytes(s, &cost, &e);
    stp_emulated_free(&e);
}

int main(int argc, char **argv) {
    int from = 0, to = 0;
    if (argc < 3 || (sscanf(argv[1], "%d-%d", &from, &to) != 2 && (from = 0, to = atoi(argv[1])) < 1))
        return 2;
    printf("      %-30s %9s %9s %6s  %6s  %8s %8s %6s\n", "", "inference", "predicted", "off %", "worst",
           "row", "predicted", "off %");
    for (int i = from; i < to && i < COST_NETWORKS; i++) {
        static subject s;
        open_subject(&s, &cost_networks[i]);
        for (int p = 2; p < argc; p++)
            try(&s, argv[p]);
        close_subject(&s);
    }
    return failures > 0;
}
