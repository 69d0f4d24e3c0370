#include "quant/arena_plan.h"

#include "base/rng.h"
#include "graph/plan.h"

enum { ALIGNED = 4, TRIES = 400 };

typedef struct planning {
    const stp_int8_net *net;
    const size_t *scratch; // [net->ops]
    stp_plan_item *items;  // [storages], then [ops] of scratch
    int *order, *placed;   // [storages + ops] each
    size_t best;
    stp_arena_plan *plan;
} planning;

static size_t aligned(size_t bytes) {
    return (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
}

// --- lifetimes ------------------------------------------------------------------------------------

static void touch(planning *p, int tensor, int step) {
    stp_plan_item *item = &p->items[p->net->tensor[tensor].storage];
    item->first = step < item->first ? step : item->first;
    item->last = step > item->last ? step : item->last;
}

static void list_items(planning *p) {
    const stp_int8_net *net = p->net;
    for (int i = 0; i < net->storages; i++) {
        const stp_int8_storage *s = &net->storage[i];
        p->items[i] = (stp_plan_item){
            .size = aligned((size_t)s->h * (size_t)s->w * (size_t)s->c), .first = net->ops, .last = -1};
    }
    touch(p, net->input, 0);
    for (int i = 0; i < net->ops; i++) {
        touch(p, net->op[i].in, i);
        touch(p, net->op[i].out, i);
        if (net->op[i].second >= 0)
            touch(p, net->op[i].second, i);
        p->items[net->storages + i] = (stp_plan_item){.size = aligned(p->scratch[i]), .first = i, .last = i};
    }
    touch(p, net->output, net->ops - 1);
}

// --- placing --------------------------------------------------------------------------------------

// Scratch above everything: as high as the highest storage of an operation that needs some.
static size_t scratch_above(const planning *p) {
    size_t above = 0;
    for (int i = 0; i < p->net->ops; i++)
        for (int s = 0; p->scratch[i] > 0 && s < p->net->storages; s++) {
            const stp_plan_item *item = &p->items[s];
            if (item->first <= i && i <= item->last && item->offset + item->size > above)
                above = item->offset + item->size;
        }
    return above;
}

static void keep_if_best(planning *p, size_t bytes, size_t scratch_offset) {
    if (bytes >= p->best)
        return;
    p->best = p->plan->bytes = bytes;
    p->plan->scratch_offset = (uint32_t)scratch_offset;
    for (int s = 0; s < p->net->storages; s++)
        p->plan->offset[s] = (uint32_t)p->items[s].offset;
}

// The storages in p->order, behind the scratch items. `below`: all scratch lies at 0 and they keep clear of
// it.
static void place(planning *p, int below) {
    int storages = p->net->storages, ops = p->net->ops;
    if (below) {
        keep_if_best(p, stp_plan_in_order(p->items, p->order, ops, ops + storages, p->placed), 0);
        return;
    }
    size_t bytes = stp_plan_in_order(p->items, p->order + ops, 0, storages, p->placed), most = 0;
    for (int i = 0; i < ops; i++)
        most = aligned(p->scratch[i]) > most ? aligned(p->scratch[i]) : most;
    size_t scratch = scratch_above(p);
    keep_if_best(p, scratch + most > bytes ? scratch + most : bytes, scratch);
}

static void swap(int *a, int *b) {
    int t = *a;
    *a = *b;
    *b = t;
}

// Greedy by size first; then two storages change places in the order, for good where that is better.
static void search(planning *p) {
    int storages = p->net->storages, ops = p->net->ops, *order = p->order + ops;
    for (int i = 0; i < ops; i++)
        p->order[i] = storages + i;
    for (int i = 0; i < storages; i++) { // by insertion: equal sizes keep one order
        int at = i;
        for (; at > 0 && p->items[order[at - 1]].size < p->items[i].size; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    place(p, 0);
    place(p, 1);
    stp_rng rng = stp_rng_at(0, STP_RNG_PLAN, 0, 0);
    for (int i = 0; i < TRIES && p->best > p->plan->bound; i++) {
        size_t before = p->best;
        int *a = &order[stp_rng_below(&rng, (uint64_t)storages)];
        int *b = &order[stp_rng_below(&rng, (uint64_t)storages)];
        swap(a, b);
        place(p, 0);
        place(p, 1);
        if (p->best == before)
            swap(a, b);
    }
}

stp_status stp_arena_plan_make(stp_arena_plan *plan, const stp_int8_net *net, const size_t *scratch_bytes,
                               stp_err *err) {
    size_t count = (size_t)net->storages + (size_t)net->ops;
    planning p = {.net = net,
                  .scratch = scratch_bytes,
                  .items = stp_alloc(sizeof *p.items * count),
                  .order = stp_alloc(sizeof *p.order * count),
                  .placed = stp_alloc(sizeof *p.placed * count),
                  .best = SIZE_MAX,
                  .plan = plan};
    int enough = p.items && p.order && p.placed;
    if (enough) {
        list_items(&p);
        plan->bound = stp_plan_lower_bound(p.items, (int)count);
        search(&p);
    }
    stp_free(p.items);
    stp_free(p.order);
    stp_free(p.placed);
    return enough ? STP_OK : stp_err_memory(err, "a memory plan", sizeof(stp_plan_item) * count);
}
