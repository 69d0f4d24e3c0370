// Peak rates: as many accumulators as hide the latency of a multiply-add or of a load, nothing else in the
// loop.
#include "kernel/probe.h"
#include "kernel/lanes/lane.h"

enum { ACCUMULATORS = STP_LANES >= 16 ? 20 : 12, STREAMS = 8 };

static double multiply_add(long rounds, stp_real *sink) {
    lane_vec acc[ACCUMULATORS];
    const lane_vec factor = lane_set(*sink), addend = lane_set(*sink + 1);
    STP_UNROLL
    for (int i = 0; i < ACCUMULATORS; i++)
        acc[i] = lane_set((stp_real)i);
    for (long r = 0; r < rounds; r++) {
        STP_UNROLL
        for (int i = 0; i < ACCUMULATORS; i++)
            acc[i] = acc[i] * factor + addend;
    }
    for (int i = 1; i < ACCUMULATORS; i++)
        acc[0] += acc[i];
    *sink = lane_sum(acc[0]);
    return 2.0 * (double)rounds * ACCUMULATORS * LANES;
}

static double read_values(const stp_real *values, size_t count, long rounds, stp_real *sink) {
    lane_vec acc[STREAMS];
    STP_UNROLL
    for (int i = 0; i < STREAMS; i++)
        acc[i] = lane_zero();
    for (long r = 0; r < rounds; r++)
        for (size_t at = 0; at + STREAMS * LANES <= count; at += STREAMS * LANES) {
            STP_UNROLL
            for (int i = 0; i < STREAMS; i++)
                acc[i] += lane_load(values + at + (size_t)i * LANES);
        }
    for (int i = 1; i < STREAMS; i++)
        acc[0] += acc[i];
    *sink = lane_sum(acc[0]);
    return (double)rounds * (double)count * sizeof(stp_real);
}

extern const stp_probe STP_LANE_NAME(stp_probe_table);
const stp_probe STP_LANE_NAME(stp_probe_table) = {multiply_add, read_values};
