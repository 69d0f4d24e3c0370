// Random operations, a line each: what was drawn and a digest of the memory after it ran. The host and every
// processor print the same lines.   bits CASES
#include "nn_case.h"

#if defined(__arm__) || defined(__riscv)
#include "fw.h"
#define print fw_print
#else
#include <stdio.h>
#define print printf
#endif

#include <stdlib.h>

int main(int count, char **arguments) {
    static nn_case c;
    const int cases = count > 1 ? atoi(arguments[1]) : 40;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++)
        for (int n = 0; n < cases; n++) {
            nn_case_draw(&c, (stapes_op_kind)kind, (uint32_t)n);
            if (kind == STAPES_CONV && n % 8 == 0) // a first pixel that is skipped
                c.op.pad_top = c.op.pad_left = -1;
            nn_case_run(&c);
            print("kind %d case %d scratch %d digest %08x\n", kind, n,
                  (int)stapes_nn_scratch_bytes(&c.op, c.maps), (unsigned)nn_case_digest(&c));
        }
    return 0;
}
