#include "base/exact.h"

#include <math.h>

// Of what libm has, only what is exact by definition: floor, frexp, ldexp.

static const double log2_of_e = 1.4426950408889634;
// ln 2 in two parts: the first has zeros at its end, so that a small whole number times it is exact.
static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

// Taylor's series within half of ln 2: 0.347^14 / 14! = 4e-18.
double stp_exp(double x) {
    if (!(x < 709.9)) // no number, too
        return x > 0 ? INFINITY : x;
    if (x < -746)
        return 0;
    const double twos = floor(x * log2_of_e + 0.5);
    const double high = x - twos * ln2_high, low = twos * ln2_low, r = high - low;
    double sum = 0;
    for (int n = 13; n >= 2; n--)
        sum = (sum + 1) * r / n;
    // 1 + r + r * sum; r is high - low, of which the last bits are added where they count
    return ldexp(1 + (high - (low - r * sum)), (int)twos);
}

// x = m 2^e with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh((m - 1) / (m + 1)) by its series: 0.172^24 /
// 25 = 2e-20.
double stp_log(double x) {
    if (!(x > 0))
        return x == 0 ? -INFINITY : NAN;
    if (x == INFINITY)
        return x;
    int e;
    double m = frexp(x, &e); // [0.5, 1)
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    const double f = m - 1, s = f / (m + 1), z = s * s;
    double sum = 0;
    for (int n = 23; n >= 3; n -= 2)
        sum = (sum + 1.0 / n) * z;
    // ln m = 2s + 2s * sum = f - s * (f - 2 * sum), since 2s = f - s * f
    return e * ln2_high + ((f - s * (f - 2 * sum)) + e * ln2_low);
}

// Of pi * x for |x| <= 1/4, by Taylor's series: 0.786^19 / 19! = 1e-19.
static double sine_of_small(double x) {
    const double y = 3.14159265358979323846 * x, z = y * y;
    double sum = 0;
    for (int n = 17; n >= 3; n -= 2)
        sum = (sum + 1) * (-z / (n * (n - 1)));
    return y + y * sum;
}

static double cosine_of_small(double x) {
    const double y = 3.14159265358979323846 * x, z = y * y;
    double sum = 0;
    for (int n = 18; n >= 2; n -= 2)
        sum = (sum + 1) * (-z / (n * (n - 1)));
    return 1 + sum;
}

// Quarter turns (halves of pi) are taken off without error.
static double wave(double x, int quarters_ahead) {
    const double quarters = floor(2 * x + 0.5), rest = x - quarters / 2;
    switch ((int)(quarters - 4 * floor(quarters / 4)) + quarters_ahead) {
    case 0:
    case 4:
        return sine_of_small(rest);
    case 1:
        return cosine_of_small(rest);
    case 2:
        return -sine_of_small(rest);
    default:
        return -cosine_of_small(rest);
    }
}

double stp_sin_pi(double x) {
    return wave(x, 0);
}

double stp_cos_pi(double x) {
    return wave(x, 1);
}

double stp_power(double base, unsigned long exponent) {
    double power = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            power *= base;
        base *= base;
    }
    return power;
}
