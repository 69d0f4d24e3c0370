// A small pool of pthreads with a static schedule: item i goes to thread i mod threads. Results may not
// depend on the thread: whoever runs an item writes to the item's own place, and sums are taken afterwards in
// item order.
#ifndef STP_BASE_THREADS_H
#define STP_BASE_THREADS_H

#include "base/status.h"

enum { STP_POOL_MOST_THREADS = 256 };

typedef struct stp_pool stp_pool;
typedef void (*stp_pool_fn)(void *context, int item, int thread);

// Processors this process may run on, which can be fewer than the machine has (taskset, containers); no more
// than a pool can have threads.
int stp_processors(void);
// threads >= 1; 0 takes as many as there are such processors. The caller is thread 0.
stp_status stp_pool_create(stp_pool **pool, int threads, stp_err *err);
void stp_pool_destroy(stp_pool *pool);
int stp_pool_threads(const stp_pool *pool);
// Runs fn for items 0 .. count-1 and returns when all are done. Not reentrant.
void stp_pool_run(stp_pool *pool, stp_pool_fn fn, void *context, int count);

#endif
