#include "base/json_memory.h"

#include "base/arena.h"

#include <stdatomic.h>
#include <string.h>

static atomic_int lost;

// --- a reserve for the reader ----------------------------------------------------------------------------

// jansson's reader takes a token buffer that cannot grow for a fault of its own and aborts. So what it asks
// for while reading is never refused: a reserve helps it on, its input ends within a few bytes, and the
// document is given up.
enum { RESERVE_BYTES = 1 << 16, PIECE_BYTES = 64, ALIGNMENT = 16 };

static _Thread_local struct {
    _Alignas(ALIGNMENT) char memory[RESERVE_BYTES];
    size_t used;
    int reading, drawn_on;
} reserve;

static void *take_from_reserve(size_t bytes) {
    size_t size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!reserve.reading || size > sizeof reserve.memory - reserve.used)
        return NULL;
    reserve.drawn_on = 1;
    reserve.used += size;
    return reserve.memory + reserve.used - size;
}

static int is_in_reserve(const void *memory) {
    return (const char *)memory >= reserve.memory &&
           (const char *)memory < reserve.memory + sizeof reserve.memory;
}

// --- jansson's memory ------------------------------------------------------------------------------------

static void *take(size_t bytes) {
    void *memory = stp_alloc(bytes);
    if (memory)
        return memory;
    atomic_store(&lost, 1);
    return take_from_reserve(bytes);
}

static void give_back(void *memory) {
    if (!is_in_reserve(memory))
        stp_free(memory);
}

void stp_json_memory_init(void) {
    json_set_alloc_funcs(take, give_back);
}

int stp_json_memory_lost(void) {
    return atomic_exchange(&lost, 0);
}

// --- in and out ------------------------------------------------------------------------------------------

typedef struct source {
    const char *data;
    size_t left;
} source;

// Small pieces, so that a reader that lives on the reserve comes to the end soon.
static size_t next_piece(void *buffer, size_t room, void *context) {
    source *from = context;
    size_t bytes = room < PIECE_BYTES ? room : PIECE_BYTES;
    bytes = bytes < from->left ? bytes : from->left;
    if (reserve.drawn_on)
        return 0;
    memcpy(buffer, from->data, bytes);
    from->data += bytes;
    from->left -= bytes;
    return bytes;
}

json_t *stp_json_read(const char *data, size_t bytes, size_t flags, json_error_t *problem) {
    source from = {data, bytes};
    reserve.reading = 1;
    json_t *object = json_load_callback(next_piece, &from, flags, problem);
    if (reserve.drawn_on) {
        json_decref(object);
        object = NULL;
    }
    reserve.reading = reserve.drawn_on = 0;
    reserve.used = 0;
    return object;
}

char *stp_json_text(const json_t *object, size_t flags, size_t *length) {
    char *text = json_dumps(object, flags);
    if (stp_json_memory_lost() && text) {
        stp_json_text_free(text);
        text = NULL;
    }
    *length = text ? strlen(text) : 0;
    return text;
}

void stp_json_text_free(char *text) {
    json_free_t free_text;
    json_get_alloc_funcs(NULL, &free_text);
    if (text)
        free_text(text);
}
