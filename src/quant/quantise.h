// From floats to the numbers that ship: scales, int8 weights, int32 biases, multipliers and shifts.
#ifndef STP_QUANT_QUANTISE_H
#define STP_QUANT_QUANTISE_H

#include "quant/int8_net.h"

// Chooses scale and zero point so that low .. high (0 included) takes the whole of -128 .. 127; the range is
// moved by less than a step so that 0 is hit exactly.
void stp_int8_set_range(stp_int8_scale *scale, double low, double high);
void stp_int8_set_scale(stp_int8_scale *scale, float step, int zero); // and the range that goes with it

// The scale of symmetric weights, -127 to 127, whose largest magnitude is `most`.
float stp_int8_weight_scale(double most);

// Weights, biases and multipliers from the network's floats and its scales. A scale so much finer than what
// is computed with it that a sum would leave 32 bits is made coarser. STP_ERR_DATA when a weight is no
// number.
stp_status stp_int8_quantise(stp_int8_net *net, stp_err *err);
// Only the multipliers and shifts, from the scales, weights and biases that are there. 0 when those are not
// what stp_int8_quantise can have made: weights of -128, scales that are no positive numbers, sums that could
// leave 32 bits.
int stp_int8_set_multipliers(stp_int8_net *net);

// factor = multiplier * 2^(shift - 31), the multiplier from 2^30 to 2^31 - 1; 0 for what is too small
// (TensorFlow Lite's QuantizeMultiplier), a shift of 31 for what is too large.
void stp_int8_split_factor(double factor, int32_t *multiplier, int8_t *shift);

#endif
