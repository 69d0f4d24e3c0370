// Optimisers and schedules, in PyTorch's conventions so that published settings mean the same here.
#ifndef STP_TRAIN_OPTIM_H
#define STP_TRAIN_OPTIM_H

#include "kernel/real.h"

// The gradient scaled so that its Euclidean norm is at most max_norm (0: left alone). Returns the norm
// before.
double stp_clip_gradient(stp_real *grads, int count, double max_norm);

// d = grad + decay*w; velocity = momentum*velocity + d; w -= rate*velocity.
void stp_sgd_step(stp_real *weights, const stp_real *grads, stp_real *velocity, int count, double rate,
                  double momentum, double decay);

// Adam (Kingma and Ba, ICLR 2015), with weight decay added to the gradient. step counts from 1.
typedef struct stp_adam {
    double rate, beta1, beta2, decay;
} stp_adam;
void stp_adam_step(const stp_adam *adam, double *values, const double *grads, double *moment1,
                   double *moment2, int count, long step);

// Whether all are finite. A rectifier makes zero of what is no number, so that a finite loss does not vouch
// for every weight, nor for what the last step made of them.
int stp_are_numbers(const stp_real *values, int count);

// From `high` to `low` along half a cosine; progress 0 .. 1.
double stp_cosine(double high, double low, double progress);

#endif
