#include "quant/calibrate.h"

#include "base/rng.h"
#include "quant/quantise.h"
#include "quant/ranges.h"
#include "quant/twin.h"
#include "step/step.h"

#include <math.h>

enum { GROUP = 64 };

typedef struct calibration {
    stp_int8_net *net;
    const stp_corpus *corpus;
    const stp_observer *observer;
    stp_arena *arena;
    stp_twin *twin;
    stp_stepper *stepper;
    int *clips, count;    // as many clips as are measured; behind them others fill the last group up
    int here;             // clips of this group that are measured
    int blocks, counting; // counting: second time round, ranges are known
    stp_histogram **seen; // [blocks][net->scales]
} calibration;

// --- looking on --------------------------------------------------------------------------------------------

static void widen(stp_histogram *h, const stp_real *row, int values) {
    for (int i = 0; i < values; i++)
        stp_histogram_widen(h, (double)row[i]);
}

static void count_row(stp_histogram *h, const stp_real *row, int values) {
    for (int i = 0; i < values; i++)
        h->count[stp_histogram_bin(h, (double)row[i])] += row[i] != 0; // 0 is hit exactly by any scale
}

static void look(void *context, int op, int block, stp_view v) {
    calibration *c = context;
    if (!c->twin->fresh[op])
        return;
    stp_histogram *h = &c->seen[block][c->twin->scale[op]];
    int lanes = stp_isa_lanes(stp_isa_current()), left = c->here - block * lanes;
    // Whole rows, or column by column where some lanes only fill the group up.
    int columns = left >= lanes ? v.w : 1, values = left >= lanes ? v.w * lanes : left;
    for (int y = 0; y < v.h; y++)
        for (int k = 0; k < v.c; k++)
            for (int x = 0; x < v.w; x += columns) {
                const stp_real *row = v.p + y * v.row + k * v.chan + x * lanes;
                if (c->counting)
                    count_row(h, row, values);
                else
                    widen(h, row, values);
            }
}

static stp_status look_at_all(calibration *c, stp_err *err) {
    stp_exec_state state = {
        .weights = c->twin->weights, .rounding = c->twin->rounding, .watch = look, .watch_context = c};
    for (int done = 0; done < c->count; done += GROUP) {
        stp_batch batch = {.clips = c->clips + done, .count = GROUP};
        stp_step_result result;
        c->here = c->count - done < GROUP ? c->count - done : GROUP;
        stp_step_run(c->stepper, &batch, &state, &result, NULL, NULL);
        if (c->observer->stop && *c->observer->stop)
            return stp_err_set(err, STP_ERR_INTERRUPTED, "stopped; no range was taken over");
        if (c->observer->count)
            c->observer->count(c->observer->context, c->counting ? "counting values" : "measuring ranges",
                               done + c->here, c->count);
    }
    return STP_OK;
}

// --- from what was seen to scales -------------------------------------------------------------------------

// Every block has the range of all of them.
static stp_status share_ranges(calibration *c, stp_err *err) {
    for (int s = 0; s < c->net->scales; s++) {
        stp_histogram *first = &c->seen[0][s];
        for (int b = 1; b < c->blocks; b++) {
            first->low = fmin(first->low, c->seen[b][s].low);
            first->high = fmax(first->high, c->seen[b][s].high);
        }
        if (!isfinite(first->low) || !isfinite(first->high))
            return stp_err_set(err, STP_ERR_DATA,
                               "the network computes what is no number; train the system again");
        for (int b = 1; b < c->blocks; b++) {
            c->seen[b][s].low = first->low;
            c->seen[b][s].high = first->high;
        }
    }
    return STP_OK;
}

static void set_scales(calibration *c) {
    for (int s = 0; s < c->net->scales; s++) {
        double low, high;
        for (int b = 1; b < c->blocks; b++)
            stp_histogram_merge(&c->seen[0][s], &c->seen[b][s]);
        stp_histogram_best_range(&c->seen[0][s], &low, &high);
        stp_int8_set_range(&c->net->scale[s], low, high);
    }
}

// --- the whole ------------------------------------------------------------------------------------

static stp_status choose_clips(calibration *c, int wanted, uint64_t seed, stp_err *err) {
    const stp_dataset *d = c->corpus->dataset;
    int all = stp_dataset_count(d, STP_TRAINING, -1);
    if (all == 0)
        return stp_err_set(err, STP_ERR_DATA, "there is no training clip to measure ranges with");
    int whole_groups = (wanted + GROUP - 1) / GROUP * GROUP;
    c->count = whole_groups < all ? whole_groups : all;
    int room = (c->count + GROUP - 1) / GROUP * GROUP;
    int *pool = STP_ARENA_ARRAY(c->arena, int, all);
    c->clips = STP_ARENA_ARRAY(c->arena, int, room);
    if (!pool || !c->clips)
        return stp_err_memory(err, "the clips to measure", sizeof(int) * (unsigned long long)room);
    stp_dataset_select(d, STP_TRAINING, pool);
    stp_rng rng = stp_rng_at(seed, STP_RNG_CALIBRATE, 0, 0);
    stp_rng_shuffle(&rng, pool, all);
    for (int i = 0; i < room; i++)
        c->clips[i] = pool[i % all];
    return STP_OK;
}

static stp_status make_histograms(calibration *c, stp_err *err) {
    c->blocks = GROUP / stp_isa_lanes(stp_isa_current());
    c->seen = STP_ARENA_ARRAY(c->arena, stp_histogram *, c->blocks);
    for (int b = 0; c->seen && b < c->blocks; b++) {
        c->seen[b] = STP_ARENA_ARRAY(c->arena, stp_histogram, c->net->scales);
        if (!c->seen[b])
            break;
        for (int s = 0; s < c->net->scales; s++) {
            c->seen[b][s].low = INFINITY;
            c->seen[b][s].high = -INFINITY;
        }
    }
    return c->seen && c->seen[c->blocks - 1]
               ? STP_OK
               : stp_err_memory(err, "histograms",
                                sizeof(stp_histogram) * (unsigned long long)c->net->scales);
}

static stp_status calibrate(calibration *c, int wanted, uint64_t seed, stp_err *err) {
    STP_TRY(choose_clips(c, wanted, seed, err));
    STP_TRY(make_histograms(c, err));
    STP_TRY(stp_twin_create(&c->twin, c->net, err));
    const stp_int8_storage *input = stp_int8_storage_of(c->net, c->net->input);
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = {input->h, input->w},
                                   .fronts = 1,
                                   .group_samples = GROUP,
                                   .groups = 1};
    STP_TRY(stp_stepper_create(&c->stepper, c->twin->graph, c->corpus, &options, err));
    STP_TRY(look_at_all(c, err));
    STP_TRY(share_ranges(c, err));
    c->counting = 1;
    STP_TRY(look_at_all(c, err));
    set_scales(c);
    return STP_OK;
}

stp_status stp_int8_calibrate(stp_int8_net *net, const stp_corpus *corpus, int *clips, uint64_t seed,
                              const stp_observer *observer, stp_err *err) {
    calibration c = {.net = net, .corpus = corpus, .observer = observer, .arena = stp_arena_create()};
    stp_status status =
        c.arena ? calibrate(&c, *clips, seed, err) : stp_err_memory(err, "measuring ranges", sizeof c);
    *clips = c.count;
    stp_stepper_destroy(c.stepper);
    stp_twin_destroy(c.twin);
    stp_arena_destroy(c.arena);
    return status;
}
