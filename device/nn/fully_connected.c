// Fully connected: the whole input, which has no gaps, is one row.
#include "nn/rows.h"

void stapes_nn_fully_connected(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                               int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in];
    const int8_t *x = arena + in->offset;
    int8_t *y = arena + maps[op->out].offset;
    stapes_nn_rows rows;
    stapes_nn_rows_begin(&rows, op, maps, constants, (int32_t)in->h * in->w * in->c, scratch);
    stapes_nn_rows_load(&rows, 0, x);
    stapes_nn_rows_load(&rows, 1, x);
    stapes_nn_rows_run(&rows, y, y);
}
