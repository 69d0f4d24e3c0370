#include "graph/loss.h"

#include "base/exact.h"

static int largest(int lanes, int lane, int classes, const stp_real *logits) {
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (logits[c * lanes + lane] > logits[best * lanes + lane])
            best = c;
    return best;
}

static double log_of_sum(int lanes, int lane, int classes, const stp_real *logits, double top) {
    double sum = 0;
    for (int c = 0; c < classes; c++)
        sum += stp_exp((double)logits[c * lanes + lane] - top);
    return top + stp_log(sum);
}

void stp_loss_block(int lanes, int classes, const stp_real *logits, const int *labels, double smoothing,
                    double scale, stp_real *d_logits, double *loss, int *correct, int *predicted) {
    for (int lane = 0; lane < lanes; lane++) {
        int best = largest(lanes, lane, classes, logits), masked = labels[lane] < 0;
        double lse = log_of_sum(lanes, lane, classes, logits, (double)logits[best * lanes + lane]);
        if (predicted)
            predicted[lane] = best;
        for (int c = 0; c < classes; c++) {
            double x = (double)logits[c * lanes + lane];
            double target = smoothing / classes + (c == labels[lane] ? 1 - smoothing : 0);
            if (!masked)
                *loss += target * (lse - x);
            if (d_logits)
                d_logits[c * lanes + lane] = masked ? 0 : (stp_real)((stp_exp(x - lse) - target) * scale);
        }
        *correct += !masked && best == labels[lane];
    }
}

void stp_softmax_lane(int lanes, int lane, int classes, const stp_real *logits, double *probabilities) {
    double top = (double)logits[largest(lanes, lane, classes, logits) * lanes + lane];
    double lse = log_of_sum(lanes, lane, classes, logits, top);
    for (int c = 0; c < classes; c++)
        probabilities[c] = stp_exp((double)logits[c * lanes + lane] - lse);
}
