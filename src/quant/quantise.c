#include "quant/quantise.h"

#include <math.h>

enum { ADD_SHIFT = 20 }; // nn.h: an add's inputs are shifted left by this first

void stp_int8_set_range(stp_int8_scale *scale, double low, double high) {
    low = low < 0 ? low : 0;
    high = high > 0 ? high : 0;
    if (high - low < 1e-6) // nothing but zeros was ever seen
        high = low + 1e-6;
    float step = (float)((high - low) / 255);
    stp_int8_set_scale(scale, step, (int)fmin(127, fmax(-128, round(-128 - low / (double)step))));
}

void stp_int8_set_scale(stp_int8_scale *scale, float step, int zero) {
    scale->scale = step;
    scale->zero = zero;
    scale->low = (double)step * (-128 - zero);
    scale->high = (double)step * (127 - zero);
}

float stp_int8_weight_scale(double most) {
    return (float)(most > 1e-30 ? most / 127 : 1e-30);
}

void stp_int8_split_factor(double factor, int32_t *multiplier, int8_t *shift) {
    int power;
    if (!(factor < 1e9)) { // and what is no number: more than a kernel takes, which is_sound refuses
        *multiplier = 1 << 30;
        *shift = 31;
        return;
    }
    int64_t whole = (int64_t)round(frexp(factor, &power) * 2147483648.0);
    if (whole == (int64_t)1 << 31) {
        whole /= 2;
        power++;
    }
    int small = power < -31;
    *multiplier = small ? 0 : (int32_t)whole;
    *shift = (int8_t)(small ? 0 : power);
}

// --- weights and biases -----------------------------------------------------------------------------------

static double most_of(const stp_int8_net *net, stp_int8_kernel k) {
    double most = 0;
    for (int i = 0; i < k.count; i++)
        most = fmax(most, fabs((double)net->weight[k.first + i * k.stride]));
    return most;
}

// A channel whose bias is huge beside its weights takes a coarser scale, so that the bias fits 32 bits with
// room for the sum.
static float scale_with_bias(float scale, double bias, double in_scale) {
    double least = fabs(bias) / (in_scale * (double)(1 << 29));
    return (double)scale > least ? scale : (float)least;
}

static void choose_weight_scales(stp_int8_net *net, const stp_int8_op *op) {
    double in_scale = (double)stp_int8_scale_of(net, op->in)->scale;
    float *scale = net->weight_scale + op->channel, largest = 0;
    for (int c = 0; c < op->channels; c++) {
        double most = most_of(net, stp_int8_kernel_of(op, c));
        scale[c] = scale_with_bias(stp_int8_weight_scale(most), (double)net->bias[op->channel + c], in_scale);
        largest = scale[c] > largest ? scale[c] : largest;
    }
    for (int c = 0; op->kind == STAPES_FULLY_CONNECTED && c < op->channels; c++)
        scale[c] = largest;
}

static void round_weights(stp_int8_net *net, const stp_int8_op *op) {
    double in_scale = (double)stp_int8_scale_of(net, op->in)->scale;
    for (int c = 0; c < op->channels; c++) {
        stp_int8_kernel k = stp_int8_kernel_of(op, c);
        double scale = (double)net->weight_scale[op->channel + c];
        for (int i = 0; i < k.count; i++) {
            int at = k.first + i * k.stride;
            net->weight_q[at] = (int8_t)fmin(127, fmax(-127, round((double)net->weight[at] / scale)));
        }
        net->bias_q[op->channel + c] =
            (int32_t)round((double)net->bias[op->channel + c] / (in_scale * scale));
    }
}

// --- multipliers -------------------------------------------------------------------------------------------

// A fully connected layer's product of scales is taken in single precision, as TensorFlow Lite does.
static void split_weighted(stp_int8_net *net, const stp_int8_op *op) {
    float in = stp_int8_scale_of(net, op->in)->scale;
    double out = (double)stp_int8_scale_of(net, op->out)->scale;
    for (int c = op->channel; c < op->channel + op->channels; c++) {
        double product = op->kind == STAPES_FULLY_CONNECTED ? (double)(float)(in * net->weight_scale[c])
                                                            : (double)in * (double)net->weight_scale[c];
        stp_int8_split_factor(product / out, &net->multiplier[c], &net->shift[c]);
    }
}

static void split_add(stp_int8_net *net, const stp_int8_op *op) {
    double a = (double)stp_int8_scale_of(net, op->in)->scale;
    double b = (double)stp_int8_scale_of(net, op->second)->scale;
    double out = (double)stp_int8_scale_of(net, op->out)->scale, twice = 2 * fmax(a, b);
    double factors[3] = {a / twice, b / twice, twice / ((double)(1 << ADD_SHIFT) * out)};
    for (int i = 0; i < 3; i++) {
        stp_int8_split_factor(factors[i], &net->multiplier[op->channel + i], &net->shift[op->channel + i]);
        net->bias_q[op->channel + i] = 0;
        net->weight_scale[op->channel + i] = 0;
    }
}

// A sum stays below 2^30, also shifted to the left, and shifts are 29 at most (device/runtime/check.c, where
// weights of up to 128 and the input's zero point within the bias are reckoned with). Weights count for half
// of that, the bias for the other. Returns the most that a bias may be; negative: too many weights.
static int32_t most_bias(const stp_int8_op *op, int shift) {
    int left = shift > 0 ? shift : 0;
    int32_t most = left < 29 ? ((int32_t)(1 << 29) >> left) - 1 : 0;
    return (long long)(op->weights / op->channels) * 128 * 256 <= most ? most : -1;
}

// The largest shift that leaves room for the sum of the weights; below 0: there is none.
static int most_shift(const stp_int8_op *op) {
    int shift = 29;
    while (shift >= 0 && most_bias(op, shift) < 0)
        shift--;
    return shift;
}

static int is_sound(const stp_int8_net *net, const stp_int8_op *op) {
    for (int i = op->weight; i < op->weight + op->weights; i++)
        if (net->weight_q[i] == -128)
            return 0;
    for (int c = op->channel; c < op->channel + op->channels; c++) {
        int32_t most = most_bias(op, net->shift[c]);
        if (most < 0 || net->bias_q[c] > most || net->bias_q[c] < -most)
            return 0;
    }
    return 1;
}

static int has_scales(const stp_int8_net *net, const stp_int8_op *op) {
    for (int c = op->channel; c < op->channel + op->channels; c++)
        if (!isfinite(net->weight_scale[c]) || net->weight_scale[c] <= 0)
            return 0;
    return 1;
}

int stp_int8_set_multipliers(stp_int8_net *net) {
    for (int i = 0; i < net->ops; i++) {
        const stp_int8_op *op = &net->op[i];
        if (op->kind == STAPES_ADD) {
            split_add(net, op);
            if (net->shift[op->channel + 2] > 0)
                return 0;
        }
        if (!stp_int8_is_weighted(op->kind))
            continue;
        if (!has_scales(net, op))
            return 0;
        split_weighted(net, op);
        if (!is_sound(net, op))
            return 0;
    }
    return 1;
}

// --- results finer than sums -------------------------------------------------------------------------------

// The least step of an operation's result: one far below the step of the sum that makes it (or of the larger
// input of an add) would shift the sum beyond 32 bits, and tells nothing more. Ranges ask for it all the same
// where a layer is dead (they have seen nothing but zeros) or rectified with but its smallest values left.
static double least_step(const stp_int8_net *net, const stp_int8_op *op) {
    double in = (double)stp_int8_scale_of(net, op->in)->scale, least = 0;
    if (op->kind == STAPES_ADD)
        return 2 * fmax(in, (double)stp_int8_scale_of(net, op->second)->scale) / (1 << ADD_SHIFT);
    int shift = stp_int8_is_weighted(op->kind) ? most_shift(op) : -1;
    for (int c = op->channel; shift >= 0 && c < op->channel + op->channels; c++)
        least = fmax(least, ldexp(in * (double)net->weight_scale[c], -shift));
    return least;
}

static int widen(stp_int8_net *net, const stp_int8_op *op) {
    stp_int8_scale *out = &net->scale[stp_int8_storage_of(net, op->out)->scale];
    float step = (float)(1.000001 * least_step(net, op)); // past any rounding
    if (!(out->scale < step) || !isfinite(step))
        return 0;
    stp_int8_set_scale(out, step, out->zero);
    return 1;
}

// Weights have their scales then. A result that was widened is the input of others, also of earlier ones
// where results share a scale.
static void choose_scales(stp_int8_net *net) {
    int widened = 1;
    for (int round = 0; widened && round <= net->ops; round++) {
        widened = 0;
        for (int i = 0; i < net->ops; i++) {
            if (stp_int8_is_weighted(net->op[i].kind))
                choose_weight_scales(net, &net->op[i]);
            widened |= widen(net, &net->op[i]);
        }
    }
}

// --- the whole ---------------------------------------------------------------------------------------------

// A bias beyond what it may be sends every result out of range, also when it is cut to that.
static void cut_biases(stp_int8_net *net, const stp_int8_op *op) {
    split_weighted(net, op);
    for (int c = op->channel; c < op->channel + op->channels; c++) {
        int32_t most = most_bias(op, net->shift[c]);
        if (most >= 0)
            net->bias_q[c] = net->bias_q[c] > most ? most : net->bias_q[c] < -most ? -most : net->bias_q[c];
    }
}

stp_status stp_int8_quantise(stp_int8_net *net, stp_err *err) {
    for (int i = 0; i < net->weights; i++)
        if (!isfinite(net->weight[i]))
            return stp_err_set(err, STP_ERR_DATA, "a weight is no number; train the system again");
    for (int i = 0; i < net->channels; i++)
        if (!isfinite(net->bias[i]))
            return stp_err_set(err, STP_ERR_DATA, "a bias is no number; train the system again");
    choose_scales(net);
    for (int i = 0; i < net->ops; i++)
        if (stp_int8_is_weighted(net->op[i].kind)) {
            round_weights(net, &net->op[i]);
            cut_biases(net, &net->op[i]);
        }
    if (!stp_int8_set_multipliers(net))
        return stp_err_set(err, STP_ERR_DATA,
                           "the weights of a layer are too large beside its results for 32-bit sums; train "
                           "the system again");
    return STP_OK;
}
