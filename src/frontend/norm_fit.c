// Mean and deviation of features over the training clips.
#include "frontend/front_bank.h"

#include "base/arena.h"
#include "base/isa.h"

#include <math.h>
#include <string.h>

struct stp_norm_fit {
    stp_arena *arena;
    int count, lanes;
    long clips;
    int frames[STP_FRONT_MAX], coefficients[STP_FRONT_MAX];
    double *sums[STP_FRONT_MAX]; // [coefficients][2]: x and x * x
};

static const double MIN_DEVIATION = 1e-3;

stp_status stp_norm_fit_begin(stp_norm_fit **out, const stp_front_bank *bank, stp_err *err) {
    *out = NULL;
    stp_arena *arena = stp_arena_create();
    stp_norm_fit *fit = arena ? stp_arena_alloc(arena, sizeof *fit) : NULL;
    if (!fit) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "the normalisation", sizeof *fit);
    }
    fit->arena = arena;
    fit->count = stp_front_bank_count(bank);
    fit->lanes = stp_front_bank_lanes(bank);
    for (int i = 0; i < fit->count; i++) {
        fit->frames[i] = stp_front_bank_frames(bank, i);
        fit->coefficients[i] = stp_front_bank_spec(bank, i)->coefficients;
        fit->sums[i] = STP_ARENA_ARRAY(arena, double, 2 * fit->coefficients[i]);
        if (!fit->sums[i]) {
            stp_status status =
                stp_err_memory(err, "the normalisation", 16ull * (unsigned)fit->coefficients[i]);
            stp_arena_destroy(arena);
            return status;
        }
    }
    *out = fit;
    return STP_OK;
}

// One coefficient of a lane block: each clip summed over its frames by itself, then the clips in order, so
// that the sums do not depend on the number of lanes either.
static void add_coefficient(const float *x, size_t stride, int frames, int lanes, int used, double *sums) {
    double sum[STP_MAX_LANES] = {0}, square[STP_MAX_LANES] = {0};
    for (int f = 0; f < frames; f++, x += stride)
        for (int lane = 0; lane < lanes; lane++) {
            double value = x[lane];
            sum[lane] += value;
            square[lane] += value * value;
        }
    for (int lane = 0; lane < used; lane++) {
        sums[0] += sum[lane];
        sums[1] += square[lane];
    }
}

void stp_norm_fit_add(stp_norm_fit *fit, const float *const *features, int used) {
    for (int i = 0; i < fit->count; i++) {
        int coefficients = fit->coefficients[i];
        size_t stride = (size_t)coefficients * (size_t)fit->lanes;
        for (int c = 0; c < coefficients; c++)
            add_coefficient(features[i] + (size_t)c * (size_t)fit->lanes, stride, fit->frames[i], fit->lanes,
                            used, fit->sums[i] + 2 * c);
    }
    fit->clips += used;
}

static void set_norm(const stp_norm_fit *fit, int index, stp_front_bank *bank) {
    float mean[STP_FRONT_MAX_COEFFICIENTS], inv_deviation[STP_FRONT_MAX_COEFFICIENTS];
    double n = (double)fit->clips * fit->frames[index];
    for (int c = 0; c < fit->coefficients[index]; c++) {
        const double *sums = fit->sums[index] + 2 * c;
        double m = sums[0] / n;
        double deviation = sqrt(fmax(sums[1] / n - m * m, 0.0));
        mean[c] = (float)m;
        inv_deviation[c] = deviation < MIN_DEVIATION ? 1.0f : (float)(1.0 / deviation);
    }
    stp_front_bank_set_norm(bank, index, mean, inv_deviation);
}

void stp_norm_fit_end(stp_norm_fit *fit, stp_front_bank *bank) {
    for (int i = 0; i < fit->count && fit->clips > 0; i++)
        set_norm(fit, i, bank);
    stp_arena_destroy(fit->arena);
}
