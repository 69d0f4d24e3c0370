// Batch normalisation over a group of samples (Ioffe and Szegedy, 2015), split between the maker of a raw
// tensor z and its consumers: the maker gathers sum z and sum z*z as it goes, consumers read scale*z + shift,
// and on the way back gather sum dy and sum dy*z, from which dz = a*g + b*z + e is made on the fly by the
// maker's backward.
#include "graph/exec_internal.h"

#include <math.h>
#include <string.h>

static const double EPSILON = 1e-5;

double stp_lane_total(const stp_real *lanes, int count) {
    double total = 0;
    for (int i = 0; i < count; i++)
        total += lanes[i];
    return total;
}

// The channels of a batch norm that an operation makes: all, or the part its output is a view of.
static int first_channel(const stp_exec *x, const stp_op *op) {
    return x->g->tensor[op->out].c_first;
}

stp_real *stp_bn_forward_sums(stp_exec *x, const stp_op *op, int block) {
    if (stp_exec_bn_of(x, op->out) < 0 || !x->state->batch_stats)
        return NULL;
    stp_real *sums = x->sums[block];
    memset(sums, 0, sizeof *sums * (size_t)(2 * x->g->tensor[op->out].c * x->lanes));
    return sums;
}

static double gain_of(const stp_bn *bn, const stp_real *weights, int channel) {
    return bn->gain >= 0 ? (double)weights[bn->gain + channel] : 1.0;
}

static double shift_of(const stp_bn *bn, const stp_real *weights, int channel) {
    return bn->bias >= 0 ? (double)weights[bn->bias + channel] : 0.0;
}

void stp_bn_folded(const stp_graph *g, int id, int channel, const stp_real *weights, const stp_real *running,
                   double *scale, double *shift) {
    const stp_bn *bn = &g->bn[id];
    double mean = (double)running[bn->state + channel];
    double variance = (double)running[bn->state + bn->channels + channel];
    *scale = gain_of(bn, weights, channel) / sqrt(variance + EPSILON);
    *shift = shift_of(bn, weights, channel) - *scale * mean;
}

static void set_scale(stp_exec *x, int id, int group, int channel, double mean, double variance) {
    const stp_bn *bn = &x->g->bn[id];
    stp_bn_run *run = &x->bn[id];
    int at = group * bn->channels + channel;
    double inv = 1.0 / sqrt(variance + EPSILON);
    double gain = gain_of(bn, x->state->weights, channel);
    double shift = shift_of(bn, x->state->weights, channel);
    run->mean[at] = (stp_real)mean;
    run->inv[at] = (stp_real)inv;
    run->scale[at] = (stp_real)(gain * inv);
    run->shift[at] = (stp_real)(shift - gain * inv * mean);
}

// PyTorch's convention: the running variance is the unbiased one.
static void update_running(stp_exec *x, const stp_bn *bn, int group, int channel, double mean,
                           double variance, double n) {
    const stp_exec_state *state = x->state;
    long seen = (long)state->averaged_batches * state->batch_groups + state->first_group + group;
    double m = state->averaging ? 1.0 / (double)(seen + 1) : state->momentum;
    stp_real *mean_at = &x->state->running[bn->state + channel];
    stp_real *variance_at = &x->state->running[bn->state + bn->channels + channel];
    *mean_at = (stp_real)((1 - m) * (double)*mean_at + m * mean);
    *variance_at = (stp_real)((1 - m) * (double)*variance_at + m * variance * n / (n > 1 ? n - 1 : 1));
}

void stp_bn_after_forward(stp_exec *x, const stp_op *op) {
    int id = stp_exec_bn_of(x, op->out);
    if (id < 0 || !x->state->batch_stats)
        return;
    const stp_bn *bn = &x->g->bn[id];
    const stp_tensor *out = &x->g->tensor[op->out];
    int first = first_channel(x, op);
    double n = (double)x->group_samples * out->h * out->w;
    for (int group = 0; group < x->used_groups; group++)
        for (int c = 0; c < out->c; c++) {
            double sum = 0, squares = 0;
            for (int b = 0; b < x->blocks_per_group; b++) {
                const stp_real *sums = x->sums[group * x->blocks_per_group + b] + (size_t)c * 2 * x->lanes;
                sum += stp_lane_total(sums, x->lanes);
                squares += stp_lane_total(sums + x->lanes, x->lanes);
            }
            double mean = sum / n;
            double variance = squares / n - mean * mean;
            variance = variance > 0 ? variance : 0;
            set_scale(x, id, group, first + c, mean, variance);
            if (x->state->momentum > 0 || x->state->averaging)
                update_running(x, bn, group, first + c, mean, variance, n);
        }
    // Consumers will gather anew.
    if (x->training)
        for (int group = 0; group < x->used_groups; group++) {
            size_t at = (size_t)group * bn->channels + first;
            memset(&x->bn[id].sum_dy[at], 0, sizeof(double) * (size_t)out->c);
            memset(&x->bn[id].sum_dyz[at], 0, sizeof(double) * (size_t)out->c);
        }
}

void stp_bn_from_running(stp_exec *x) {
    for (int id = 0; id < x->g->bns; id++) {
        const stp_bn *bn = &x->g->bn[id];
        for (int group = 0; group < x->used_groups; group++)
            for (int c = 0; c < bn->channels; c++)
                set_scale(x, id, group, c, (double)x->state->running[bn->state + c],
                          (double)x->state->running[bn->state + bn->channels + c]);
    }
}

void stp_bn_gather(stp_exec *x, int bn, int group, int channel, double sum_dy, double sum_dyz) {
    size_t at = (size_t)group * x->g->bn[bn].channels + channel;
    x->bn[bn].sum_dy[at] += sum_dy;
    x->bn[bn].sum_dyz[at] += sum_dyz;
}

void stp_bn_gather_pairs(stp_exec *x, int bn) {
    for (int block = 0; block < x->used_groups * x->blocks_per_group; block++)
        for (int c = 0; c < x->g->bn[bn].channels; c++) {
            const stp_real *sums = x->sums[block] + (size_t)c * 2 * x->lanes;
            stp_bn_gather(x, bn, stp_exec_group_of(x, block), c, stp_lane_total(sums, x->lanes),
                          stp_lane_total(sums + x->lanes, x->lanes));
        }
}

// With y = gain*(z - mean)*inv + shift, Q = sum dy*(z - mean)*inv and n values a channel:
//   dz = gain*inv * (dy - sum_dy/n - (z - mean)*inv * Q/n),   d_gain = Q,   d_shift = sum dy.
void stp_bn_before_backward(stp_exec *x, const stp_op *op) {
    int id = stp_exec_bn_of(x, op->out);
    if (id < 0)
        return;
    const stp_bn *bn = &x->g->bn[id];
    const stp_tensor *out = &x->g->tensor[op->out];
    stp_bn_run *run = &x->bn[id];
    int first = first_channel(x, op);
    double n = (double)x->group_samples * out->h * out->w;
    double coef = run->lazy_coef >= 0 ? x->state->coefs[run->lazy_coef] : 1.0;
    for (int group = 0; group < x->used_groups; group++)
        for (int c = first; c < first + out->c; c++) {
            size_t at = (size_t)group * bn->channels + c;
            double mean = (double)run->mean[at], inv = (double)run->inv[at], scale = (double)run->scale[at];
            if (run->normalised && run->normalised[c])
                mean = 0, inv = 1; // of what lies there now
            double q = inv * (run->sum_dyz[at] - mean * run->sum_dy[at]);
            run->a[at] = (stp_real)(scale * coef);
            run->b[at] = (stp_real)(-scale * inv * q / n);
            run->e[at] = (stp_real)(scale * (inv * mean * q - run->sum_dy[at]) / n);
            if (bn->gain >= 0 && x->state->grads) {
                x->state->grads[bn->gain + c] += (stp_real)q;
                x->state->grads[bn->bias + c] += (stp_real)run->sum_dy[at];
            }
        }
}

stp_upstream stp_bn_upstream(stp_exec *x, const stp_op *op, int block) {
    int id = stp_exec_bn_of(x, op->out);
    const stp_tensor *out = &x->g->tensor[op->out];
    if (id < 0)
        return (stp_upstream){.g = stp_exec_grad(x, op->out, block)};
    const stp_bn_run *run = &x->bn[id];
    size_t at = (size_t)stp_exec_group_of(x, block) * x->g->bn[id].channels + first_channel(x, op);
    stp_view g = stp_exec_grad(x, run->grad_tensor, block);
    return (stp_upstream){.g = stp_view_channels(g, first_channel(x, op), out->c),
                          .z = stp_exec_value(x, op->out, block),
                          .a = run->a + at,
                          .b = run->b + at,
                          .e = run->e + at};
}
