// Linked with device/front compiled the wrong way, with contraction to fused multiply-adds: the check of the
// arithmetic at init must find it. (That it passes a right build is tested in unit/front_device.)
#include "front/front_scalar.h"

#include <stdio.h>

int main(void) {
    if (!__builtin_cpu_supports("fma")) {
        puts("this processor has no fused multiply-add: skipped");
        return 77;
    }
    if (stapes_front_arithmetic_ok()) {
        puts("contraction went unnoticed");
        return 1;
    }
    return 0;
}
