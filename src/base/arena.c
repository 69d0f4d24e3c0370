#include "base/arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 64, CHUNK_BYTES = 1 << 16, HUGE_BYTES = 1 << 21 };
static const size_t MOST_BYTES = SIZE_MAX / 4; // so that rounding up does not overflow

static atomic_long fail_after = -1, live = 0;
static atomic_int fail_forever = 1;
static atomic_ulong granted = 0, refused = 0;

static void plan_failure(long n, int forever) {
    atomic_store(&refused, 0);
    atomic_store(&fail_forever, forever);
    atomic_store(&fail_after, n);
}

void stp_alloc_fail_after(long n) {
    plan_failure(n, 1);
}

void stp_alloc_fail_once(long n) {
    plan_failure(n, 0);
}

unsigned long stp_alloc_refused(void) {
    return atomic_load(&refused);
}

unsigned long stp_alloc_count(void) {
    return atomic_load(&granted);
}

long stp_alloc_live(void) {
    return atomic_load(&live);
}

static int must_refuse(void) {
    long left = atomic_load(&fail_after);
    if (left < 0)
        return 0;
    if (left == 0) {
        atomic_fetch_add(&refused, 1);
        if (!atomic_load(&fail_forever))
            atomic_store(&fail_after, -1);
        return 1;
    }
    atomic_store(&fail_after, left - 1);
    return 0;
}

void *stp_alloc(size_t bytes) {
    if (must_refuse() || bytes > MOST_BYTES)
        return NULL;
    // Large tensors start on a huge page: fewer TLB misses.
    size_t align = bytes >= HUGE_BYTES ? HUGE_BYTES : ALIGNMENT;
    size_t size = (bytes + align - 1) / align * align;
    void *memory = aligned_alloc(align, size ? size : align);
    if (!memory)
        return NULL;
    if (align == HUGE_BYTES)
        madvise(memory, size, MADV_HUGEPAGE);
    memset(memory, 0, size ? size : align);
    atomic_fetch_add(&granted, 1);
    atomic_fetch_add(&live, 1);
    return memory;
}

void stp_free(void *memory) {
    if (memory)
        atomic_fetch_sub(&live, 1);
    free(memory);
}

unsigned long long stp_memory_most(void) {
    unsigned long long most =
        (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
    unsigned long long limit;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r"); // holds "max" where there is no limit
    if (!file)
        return most;
    if (fscanf(file, "%llu", &limit) == 1 && limit < most)
        most = limit;
    fclose(file);
    return most;
}

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    char *memory;
} chunk;

struct stp_arena {
    chunk *chunks; // newest first
    size_t bytes;
};

stp_arena *stp_arena_create(void) {
    return stp_alloc(sizeof(stp_arena));
}

void stp_arena_destroy(stp_arena *arena) {
    if (!arena)
        return;
    for (chunk *c = arena->chunks; c;) {
        chunk *next = c->next;
        stp_free(c->memory);
        stp_free(c);
        c = next;
    }
    stp_free(arena);
}

static chunk *arena_grow(stp_arena *arena, size_t bytes) {
    chunk *c = stp_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    c->memory = stp_alloc(c->size);
    if (!c->memory) {
        stp_free(c);
        return NULL;
    }
    c->next = arena->chunks;
    arena->chunks = c;
    return c;
}

void *stp_arena_alloc(stp_arena *arena, size_t bytes) {
    if (bytes > MOST_BYTES || must_refuse())
        return NULL;
    size_t size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    chunk *c = arena->chunks;
    if (!c || c->size - c->used < size)
        c = arena_grow(arena, size);
    if (!c)
        return NULL;
    void *memory = c->memory + c->used;
    c->used += size;
    arena->bytes += size;
    atomic_fetch_add(&granted, 1);
    return memory;
}

char *stp_arena_strdup(stp_arena *arena, const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = stp_arena_alloc(arena, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

size_t stp_arena_bytes(const stp_arena *arena) {
    return arena->bytes;
}
