// What the torture tests share: the n-th request for memory is refused, for n = 0, 1, 2, ...
#ifndef STP_TESTS_TORTURE_H
#define STP_TESTS_TORTURE_H

#include "base/arena.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

// How many of a call's requests are refused, each in a run of its own and in two ways: that one only, and
// that one with all that follow. The first ones all, then evenly spread. Sanitizers make everything ten times
// as slow. STAPES_TORTURE=all refuses every single one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TORTURE_FIRST = 4, TORTURE_SPREAD = 12 };
#else
enum { TORTURE_FIRST = 16, TORTURE_SPREAD = 96 };
#endif

// The request to refuse after the n-th; at least `requests` when there is none left.
static inline long torture_next(long n, long requests) {
    const char *wish = getenv("STAPES_TORTURE");
    if (n < TORTURE_FIRST || (wish && wish[0] == 'a'))
        return n + 1;
    long step = requests / TORTURE_SPREAD;
    return n + (step > 1 ? step : 1);
}

static inline void torture_refuse(long n, int forever) {
    if (forever)
        stp_alloc_fail_after(n);
    else
        stp_alloc_fail_once(n);
}

// Files this process has open; threads it has.
static inline int torture_entries(const char *folder) {
    DIR *dir = opendir(folder);
    int entries = 0;
    while (dir && readdir(dir))
        entries++;
    if (dir)
        closedir(dir);
    return entries;
}

// What must be the same before and after.
typedef struct torture_holdings {
    long blocks;
    int files, threads;
} torture_holdings;

static inline torture_holdings torture_hold(void) {
    return (torture_holdings){.blocks = stp_alloc_live(),
                              .files = torture_entries("/proc/self/fd"),
                              .threads = torture_entries("/proc/self/task")};
}

// A thread that was joined may be listed for a moment more.
static inline torture_holdings torture_hold_again(const torture_holdings *before) {
    torture_holdings after = torture_hold();
    for (int tries = 0; tries < 1000 && after.threads > before->threads; tries++) {
        usleep(1000);
        after = torture_hold();
    }
    return after;
}

#endif
