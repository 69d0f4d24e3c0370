#include "graph/plan.h"

void stp_plan_touch(stp_plan_item *item, int step) {
    if (item->last < item->first)
        item->first = item->last = step;
    item->first = step < item->first ? step : item->first;
    item->last = step > item->last ? step : item->last;
}

static int before(const stp_plan_item *items, int a, int b) {
    if (items[a].size != items[b].size)
        return items[a].size > items[b].size;
    return a < b;
}

// Heap sort: the C library's qsort takes no context, and equal sizes must keep one order everywhere.
static void sink(const stp_plan_item *items, int *order, int root, int count) {
    for (;;) {
        int child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && before(items, order[child], order[child + 1]))
            child++;
        if (!before(items, order[root], order[child]))
            return;
        int t = order[root];
        order[root] = order[child];
        order[child] = t;
        root = child;
    }
}

static void sort_by_size(const stp_plan_item *items, int *order, int count) {
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count / 2 - 1; i >= 0; i--)
        sink(items, order, i, count);
    for (int n = count - 1; n > 0; n--) {
        int t = order[0];
        order[0] = order[n];
        order[n] = t;
        sink(items, order, 0, n);
    }
}

static int alive_together(const stp_plan_item *a, const stp_plan_item *b) {
    return a->first <= b->last && b->first <= a->last;
}

// The lowest offset at which `self` overlaps none of the placed items it lives with. `placed` is sorted by
// offset, so one walk from the bottom finds the first gap that is wide enough.
static size_t lowest_gap(const stp_plan_item *items, const int *placed, int count,
                         const stp_plan_item *self) {
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const stp_plan_item *other = &items[placed[i]];
        if (!alive_together(self, other))
            continue;
        if (other->offset >= offset + self->size)
            break;
        size_t end = other->offset + other->size;
        offset = end > offset ? end : offset;
    }
    return offset;
}

static void insert_by_offset(const stp_plan_item *items, int *placed, int count, int item) {
    int at = count;
    for (; at > 0 && items[placed[at - 1]].offset > items[item].offset; at--)
        placed[at] = placed[at - 1];
    placed[at] = item;
}

size_t stp_plan_in_order(stp_plan_item *items, const int *order, int pinned, int count, int *scratch) {
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        stp_plan_item *self = &items[order[i]];
        if (i >= pinned)
            self->offset = lowest_gap(items, scratch, i, self);
        insert_by_offset(items, scratch, i, order[i]);
        if (self->offset + self->size > total)
            total = self->offset + self->size;
    }
    return total;
}

size_t stp_plan_greedy(stp_plan_item *items, int count, int *scratch) {
    sort_by_size(items, scratch, count);
    return stp_plan_in_order(items, scratch, 0, count, scratch + count);
}

size_t stp_plan_lower_bound(const stp_plan_item *items, int count) {
    size_t most = 0;
    for (int i = 0; i < count; i++) { // the fullest step is the first step of some item
        size_t alive = 0;
        for (int k = 0; k < count; k++)
            if (items[k].first <= items[i].first && items[i].first <= items[k].last)
                alive += items[k].size;
        most = alive > most ? alive : most;
    }
    return most;
}
