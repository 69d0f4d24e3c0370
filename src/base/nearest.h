// The known word nearest to a mistyped one, for "did you mean".
#ifndef STP_BASE_NEAREST_H
#define STP_BASE_NEAREST_H

typedef struct stp_nearest {
    const char *wanted, *best;
    int distance;
} stp_nearest;

stp_nearest stp_nearest_begin(const char *wanted);
void stp_nearest_offer(stp_nearest *nearest, const char *candidate);
// The candidate with the fewest edits (the first of equals), or NULL when over half of the word would change.
const char *stp_nearest_best(const stp_nearest *nearest);

// Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap neighbours); words
// over 63 bytes count as different throughout.
int stp_edit_distance(const char *a, const char *b);

#endif
