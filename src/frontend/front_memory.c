#include "frontend/front_spec.h"
#include "frontend/front_tables.h"

stp_status stp_front_spec_memory_bytes(const stp_front_spec *spec, size_t *bytes, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    if (!arena)
        return stp_err_memory(err, "a front-end's tables", 0);
    stapes_front_config config;
    stp_status status = stp_front_tables_make(&config, spec, arena, err);
    if (status == STP_OK)
        *bytes = stapes_front_memory_bytes(&config);
    stp_arena_destroy(arena);
    return status;
}
