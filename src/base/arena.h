// Memory by lifetime: everything a run (or a command) needs is taken from one arena and freed at once.
#ifndef STP_BASE_ARENA_H
#define STP_BASE_ARENA_H

#include <stddef.h>

// All host allocations go through these two, so that a test can make the n-th one fail.
// stp_alloc: zeroed, aligned to 64 bytes; NULL when memory is out. Sizes of 0 give a valid pointer.
void *stp_alloc(size_t bytes);
void stp_free(void *memory);
// Bytes of memory of this machine, or what a container may use of it. The system grants more than that, and
// ends the process once it is touched; who asks for much at once compares first.
unsigned long long stp_memory_most(void);

// For tests. A request is a call of stp_alloc, or of an arena for a part of its memory: both can be refused,
// whether or not the arena would have had to grow. After `n` more granted requests every further one is
// refused; a negative n switches this off.
void stp_alloc_fail_after(long n);
// The same, but only that one is refused: who goes on as if nothing had happened shows.
void stp_alloc_fail_once(long n);
unsigned long stp_alloc_refused(void); // requests refused since one of these two was called
unsigned long stp_alloc_count(void);   // requests granted since the program started
long stp_alloc_live(void);             // blocks that stp_free has not had back yet

typedef struct stp_arena stp_arena;

stp_arena *stp_arena_create(void); // NULL when memory is out
void stp_arena_destroy(stp_arena *arena);
// Zeroed, aligned to 64 bytes, lives as long as the arena. NULL when memory is out.
void *stp_arena_alloc(stp_arena *arena, size_t bytes);
char *stp_arena_strdup(stp_arena *arena, const char *text);
size_t stp_arena_bytes(const stp_arena *arena); // handed out so far

#define STP_ARENA_ARRAY(arena, type, count) ((type *)stp_arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
