#include "train/optim.h"

#include "base/exact.h"

#include <math.h>

double stp_clip_gradient(stp_real *grads, int count, double max_norm) {
    double squares = 0;
    for (int i = 0; i < count; i++)
        squares += (double)grads[i] * (double)grads[i];
    double norm = sqrt(squares);
    if (max_norm > 0 && norm > max_norm) {
        stp_real factor = (stp_real)(max_norm / (norm + 1e-6));
        for (int i = 0; i < count; i++)
            grads[i] *= factor;
    }
    return norm;
}

int stp_are_numbers(const stp_real *values, int count) {
    for (int i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

void stp_sgd_step(stp_real *weights, const stp_real *grads, stp_real *velocity, int count, double rate,
                  double momentum, double decay) {
    stp_real r = (stp_real)rate, m = (stp_real)momentum, d = (stp_real)decay;
    for (int i = 0; i < count; i++) {
        velocity[i] = m * velocity[i] + grads[i] + d * weights[i];
        weights[i] -= r * velocity[i];
    }
}

void stp_adam_step(const stp_adam *adam, double *values, const double *grads, double *moment1,
                   double *moment2, int count, long step) {
    double bias1 = 1 - stp_power(adam->beta1, (unsigned long)step),
           bias2 = 1 - stp_power(adam->beta2, (unsigned long)step);
    for (int i = 0; i < count; i++) {
        double d = grads[i] + adam->decay * values[i];
        moment1[i] = adam->beta1 * moment1[i] + (1 - adam->beta1) * d;
        moment2[i] = adam->beta2 * moment2[i] + (1 - adam->beta2) * d * d;
        values[i] -= adam->rate * (moment1[i] / bias1) / (sqrt(moment2[i] / bias2) + 1e-8);
    }
}

double stp_cosine(double high, double low, double progress) {
    return low + 0.5 * (high - low) * (1 + stp_cos_pi(progress));
}
