// Places for buffers that live for a while: two that live at the same time never overlap.
#ifndef STP_GRAPH_PLAN_H
#define STP_GRAPH_PLAN_H

#include <stddef.h>

typedef struct stp_plan_item {
    size_t size;
    int first, last; // steps, both included
    size_t offset;   // the answer
} stp_plan_item;

// Makes an item live at this step, too. One that was never touched has last < first.
void stp_plan_touch(stp_plan_item *item, int step);

// Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020):
// large items first, each at the lowest gap among those alive with it. `scratch` has room for 2 * count ints.
// Returns the total size.
size_t stp_plan_greedy(stp_plan_item *items, int count, int *scratch);
// One after another in an order of the caller's (indices of items), each at the lowest gap. The first
// `pinned` stay where they are; they may overlap each other. `scratch` has room for `count` ints.
size_t stp_plan_in_order(stp_plan_item *items, const int *order, int pinned, int count, int *scratch);
// The largest sum of sizes alive at one step: no plan can be smaller.
size_t stp_plan_lower_bound(const stp_plan_item *items, int count);

#endif
