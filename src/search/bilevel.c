#include "search/bilevel.h"

#include "train/optim.h"

#include <string.h>

// gamma takes part only while it is open and there is a choice.
static int open_fronts(const stp_bilevel *b) {
    return b->front < 0 ? b->corpus->fronts : 0;
}

void stp_bilevel_init(stp_bilevel *b, int front) {
    uint64_t seed = (uint64_t)b->settings->seed;
    b->front = front;
    stp_graph_init(b->net.graph, seed, b->net.weights, b->net.running);
    stp_arch_init(&b->arch, seed, b->corpus->fronts);
}

void stp_bilevel_coefs(const stp_bilevel *b, double *coefs) {
    stp_arch_coefs(&b->arch, open_fronts(b), coefs);
}

static void run(stp_bilevel *b, const stp_batch *batch, stp_exec_state *state, stp_step_result *result) {
    double coefs[STP_ARCH_COEFS];
    stp_bilevel_coefs(b, coefs);
    state->weights = b->net.weights;
    state->running = b->net.running;
    state->coefs = coefs;
    state->batch_stats = 1;
    state->profile = b->profile;
    stp_step_run(b->net.stepper, batch, state, result, NULL, NULL);
}

void stp_bilevel_arch_step(stp_bilevel *b, const stp_batch *batch, double progress, stp_step_result *result) {
    const stp_settings *o = b->settings;
    double d_coefs[STP_ARCH_COEFS] = {0};
    stp_exec_state state = {.d_coefs = d_coefs, .momentum = 0.1};
    run(b, batch, &state, result);
    stp_arch d_arch;
    stp_arch_backward(&b->arch, open_fronts(b), d_coefs, &d_arch);
    stp_arch_add_decay(&b->arch, o->beta_decay * progress, &d_arch);
    stp_adam adam = {
        .rate = o->arch_lr, .beta1 = o->arch_beta1, .beta2 = o->arch_beta2, .decay = o->arch_decay};
    long step = (long)++b->arch_steps;
    stp_adam_step(&adam, b->arch.all, d_arch.all, b->moment1.all, b->moment2.all,
                  STP_ARCH_ALPHAS + STP_ARCH_BETAS, step);
    adam.rate *= o->gamma_lr_scale;
    stp_adam_step(&adam, b->arch.gamma, d_arch.gamma, b->moment1.gamma, b->moment2.gamma, open_fronts(b),
                  step);
}

void stp_bilevel_weight_step(stp_bilevel *b, const stp_batch *batch, double rate, stp_step_result *result) {
    const stp_settings *o = b->settings;
    int weights = b->net.graph->weights;
    stp_exec_state state = {.grads = b->net.grads, .momentum = 0.1};
    memset(b->net.grads, 0, sizeof *b->net.grads * (size_t)weights);
    run(b, batch, &state, result);
    stp_clip_gradient(b->net.grads, weights, o->clip_norm);
    stp_sgd_step(b->net.weights, b->net.grads, b->net.velocity, weights, rate, o->search_momentum,
                 o->search_decay);
}

void stp_bilevel_estimate(stp_bilevel *b, const stp_batch *batch, int batches) {
    stp_exec_state state = {.averaging = 1, .averaged_batches = batches};
    stp_step_result result;
    run(b, batch, &state, &result);
}
