#include "base/nearest.h"

#include <limits.h>
#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b) {
    return a < b ? a : b;
}

int stp_edit_distance(const char *a, const char *b) {
    int n = (int)strnlen(a, LONGEST + 1), m = (int)strnlen(b, LONGEST + 1);
    if (n > LONGEST || m > LONGEST)
        return LONGEST + 1;
    int row[3][LONGEST + 1]; // two rows before and this one
    int *before = row[0], *last = row[1], *now = row[2];
    for (int j = 0; j <= m; j++)
        last[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1]));
            if (swap)
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

stp_nearest stp_nearest_begin(const char *wanted) {
    return (stp_nearest){.wanted = wanted, .best = NULL, .distance = INT_MAX};
}

void stp_nearest_offer(stp_nearest *nearest, const char *candidate) {
    int distance = stp_edit_distance(nearest->wanted, candidate);
    // Someone who types the start of a word, "bench" for "benchmark", means that word.
    size_t length = strlen(nearest->wanted);
    if (length >= 3 && strncmp(candidate, nearest->wanted, length) == 0)
        distance = least(distance, 1);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}

const char *stp_nearest_best(const stp_nearest *nearest) {
    return nearest->best && 2 * nearest->distance <= (int)strlen(nearest->wanted) ? nearest->best : NULL;
}
