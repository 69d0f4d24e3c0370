#include "quant/fold.h"

typedef struct factor {
    double scale, bias;
} factor;

static factor factor_of(const stp_graph *g, const stp_op *op, int channel, const stp_real *weights,
                        const stp_real *running) {
    const stp_tensor *out = &g->tensor[op->out];
    int bn = g->tensor[out->storage].bn;
    factor f = {1, 0};
    if (bn >= 0)
        stp_bn_folded(g, bn, out->c_first + channel, weights, running, &f.scale, &f.bias);
    if (op->bias >= 0)
        f.bias += f.scale * (double)weights[op->bias + channel];
    return f;
}

void stp_fold_dense(stp_int8_net *net, const stp_int8_op *to, const stp_graph *g, const stp_op *op,
                    int weight, const stp_real *weights, const stp_real *running) {
    int taps = to->window.k_h * to->window.k_w, count = to->weights / to->channels, c = count / taps;
    for (int m = 0; m < to->channels; m++) {
        factor f = factor_of(g, op, m, weights, running);
        const stp_real *from = weights + weight + (long)m * count;
        float *into = net->weight + to->weight + (long)m * count;
        for (int k = 0; k < c; k++)
            for (int tap = 0; tap < taps; tap++)
                into[tap * c + k] = (float)(f.scale * (double)from[k * taps + tap]);
        net->bias[to->channel + m] = (float)f.bias;
    }
}

void stp_fold_depthwise(stp_int8_net *net, const stp_int8_op *to, const stp_graph *g, const stp_op *op,
                        int last, const stp_real *weights, const stp_real *running) {
    int taps = to->window.k_h * to->window.k_w, channels = to->channels;
    for (int c = 0; c < channels; c++) {
        factor f = last ? factor_of(g, op, c, weights, running) : (factor){1, 0};
        for (int tap = 0; tap < taps; tap++)
            net->weight[to->weight + tap * channels + c] =
                (float)(f.scale * (double)weights[op->weight + c * taps + tap]);
        net->bias[to->channel + c] = (float)f.bias;
    }
}
